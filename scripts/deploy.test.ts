import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
const hasValidator = await has("kubernetes-validate");
const unless = (present: boolean, name: string) => (present ? "" : ` (skipped: needs ${name})`);

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

  it.skipIf(!hasValidator)(
    `is valid for Kubernetes${unless(hasValidator, "kubernetes-validate")}`,
    async () => {
      const manifests = files.filter((name) => name !== "kustomization.yaml");
      const paths = manifests.map((name) => join(root, path, name));
      const { code, output } = await run("kubernetes-validate", paths);
      expect([code, output]).toEqual([0, expect.stringContaining("passed")]);
    },
  );
});
