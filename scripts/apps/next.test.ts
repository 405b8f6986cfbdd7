import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, inject, it, vi } from "vitest";
import { run } from "../run.mjs";
import { readManifest, root } from "../workspace.mjs";
import { digitsSample } from "./everyday-app.js";
import { makeProject, removeProject } from "./project.js";

const example = join(root, "examples/embed-next");
const { dependencies } = readManifest("examples/embed-next");
const packages = ["next", "react", "react-dom"].map((name) => `${name}@${dependencies?.[name]}`);
const project = await makeProject(inject("packed"), packages);
const { folder, problem } = project;
/** The built app, away from the modules of the project: it must have all that it needs. */
const standalone = mkdtempSync(join(tmpdir(), "serving-kit-next-"));
let app: ChildProcess | undefined;

afterAll(async () => {
  if (app?.exitCode === null) {
    app.kill("SIGKILL");
    await once(app, "close");
  }
  removeProject(project);
  rmSync(standalone, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const suffix = problem ? ` (skipped: ${problem})` : "";

it.skipIf(problem)(
  `the Next.js recipe builds, and its standalone app answers${suffix}`,
  async () => {
    const files = ["app", "models.js", "next.config.js"];
    for (const file of files) cpSync(join(example, file), join(folder, file), { recursive: true });
    const env = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
    const next = join(folder, "node_modules/.bin/next");
    const { code, output } = await run(next, ["build"], { cwd: folder, env });
    expect(code, output).toBe(0);
    cpSync(join(folder, ".next/standalone"), standalone, {
      recursive: true,
      verbatimSymlinks: true,
    });
    removeProject(project);
    const port = await freePort();
    app = spawn(process.execPath, ["server.js"], {
      cwd: standalone,
      env: { ...process.env, ...env, PORT: String(port), HOSTNAME: "127.0.0.1" },
      stdio: "inherit",
    });
    const url = `http://127.0.0.1:${port}/ml/v1/models/digits`;
    const body = JSON.stringify({ instances: [digitsSample.image] });
    const ask = () => fetch(`${url}:predict`, { method: "POST", body });
    const response = await vi.waitFor(ask, { timeout: 30_000, interval: 100 });
    expect(response.status).toBe(200);
    const { predictions } = (await response.json()) as { readonly predictions: number[][] };
    for (const [digit, probability] of digitsSample.probabilities.entries()) {
      expect(predictions[0]?.[digit]).toBeCloseTo(probability, 5);
    }
    const status = { model_version_status: [{ version: "1", state: "AVAILABLE" }] };
    expect(await (await fetch(url)).json()).toMatchObject(status);
  },
);
