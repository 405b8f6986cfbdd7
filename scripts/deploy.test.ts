import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { run } from "./run.mjs";
import { root } from "./workspace.mjs";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const alerts = read("deploy/prometheus/alerts.yaml");
const dashboard: {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
} = JSON.parse(read("deploy/grafana/model-server.json"));
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const documented = read("docs/operations.md");
const folder = mkdtempSync(join(tmpdir(), "serving-kit-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const has = async (command: string) => (await run(command, ["--version"])).code === 0;
const hasPromtool = await has("promtool");
const validator = await findPythonProgram("kubernetes-validate");
const unless = (present: boolean, name: string) => (present ? "" : ` (skipped: needs ${name})`);

/** Returns a program of a Python package: on the PATH, in VIRTUAL_ENV, or next to SERVING_KIT_PYTHON. */
async function findPythonProgram(name: string): Promise<string | undefined> {
  const { VIRTUAL_ENV: environment, SERVING_KIT_PYTHON: python } = process.env;
  const folders = [environment && join(environment, "bin"), python && dirname(python)];
  const paths = folders.flatMap((folder) => (folder ? [join(folder, name)] : []));
  return (await has(name)) ? name : paths.find((path) => existsSync(path));
}

describe("deploy/prometheus and deploy/grafana", () => {
  it("use metrics that docs/operations.md has", () => {
    const used = `${alerts} ${expressions.join(" ")}`.matchAll(
      /:tensorflow:serving:[a-z_:]+|serving_kit_[a-z_]+/g,
    );
    const names = new Set([...used].map(([name]) => name.replace(/_(bucket|sum)$/, "")));
    expect(names.size).toBeGreaterThan(5);
    for (const name of names) expect(documented).toContain(`\`${name}\``);
  });

  it.skipIf(!hasPromtool)(
    `are valid for Prometheus${unless(hasPromtool, "promtool")}`,
    async () => {
      const rules = expressions.map((expr, i) => ({
        record: `panel:${i}`,
        expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$model", ".*"),
      }));
      const file = join(folder, "dashboard.yaml");
      writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
      const args = ["check", "rules", file, join(root, "deploy/prometheus/alerts.yaml")];
      const { code, output } = await run("promtool", args);
      expect([code, output]).toEqual([0, expect.stringContaining("SUCCESS")]);
    },
  );
});

describe("deploy/kubernetes", () => {
  const path = "deploy/kubernetes";
  const files = readdirSync(join(root, path)).filter((name) => name.endsWith(".yaml"));

  it("lists every manifest in kustomization.yaml", () => {
    const listed = read(`${path}/kustomization.yaml`).matchAll(/^ {2}- ([\w-]+\.yaml)$/gm);
    const manifests = files.filter((name) => name !== "kustomization.yaml");
    expect([...listed].map(([, name]) => name).sort()).toEqual(manifests.sort());
  });

  it("has a variant for S3 that patches manifests of it, and lets the server reach port 443", () => {
    const variant = "deploy/kubernetes-s3";
    const patches = [...read(`${variant}/kustomization.yaml`).matchAll(/^ {2}- path: (.+)$/gm)];
    expect(patches).toHaveLength(2);
    for (const [, name = ""] of patches) {
      const [kind] = /^kind: .+$/m.exec(read(`${variant}/${name}`)) ?? [];
      expect(read(`${path}/${name}`)).toContain(kind);
    }
    expect(read(`${variant}/network-policy.yaml`)).toContain("port: 443");
  });

  it.skipIf(validator === undefined)(
    `is valid for Kubernetes${unless(validator !== undefined, "kubernetes-validate")}`,
    async () => {
      const manifests = files.filter((name) => name !== "kustomization.yaml");
      const paths = manifests.map((name) => join(root, path, name));
      // A patch of a Deployment is not a manifest by itself; that of the NetworkPolicy is.
      paths.push(join(root, "deploy/kubernetes-s3/network-policy.yaml"));
      const { code, output } = await run(validator ?? "", paths);
      expect([code, output]).toEqual([0, expect.stringContaining("passed")]);
    },
  );
});
