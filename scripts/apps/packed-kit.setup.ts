import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildAndPack, fillPlatformPackages } from "../pack.js";
import type { PackedKit } from "./project.js";

declare module "vitest" {
  interface ProvidedContext {
    packed: PackedKit;
  }
}

/**
 * Packs the kit once for all tests of this folder: `inject("packed")` has the packages. Outside of continuous
 * integration it has a `problem` instead if the libraries for all platforms cannot be downloaded.
 */
export default async function setup(project: TestProject) {
  const problem = await fillPlatformPackages().then(
    () => undefined,
    (error: Error) => error.message.trim().split("\n").at(-1),
  );
  if (problem && !process.env.CI) {
    project.provide("packed", { problem });
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-apps-"));
  project.provide("packed", await buildAndPack(join(folder, "packed"), { types: false }));
  return () => rmSync(folder, { recursive: true, force: true });
}
