// @ts-nocheck Not yet in TypeScript.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../workspace.mjs";

/**
 * The service of a compose.yaml, and its volumes as mounts of absolute paths.
 *
 * @param {string} folder that has the compose.yaml
 */
export function readCompose(folder) {
  const { parse } = createRequire(join(root, "packages/server/package.json"))("yaml");
  const { services } = parse(readFileSync(join(folder, "compose.yaml"), "utf8"));
  const service = services["model-server"];
  const mounts = service.volumes.map((volume) => {
    const [source, ...rest] = volume.split(":");
    return [join(folder, source), ...rest].join(":");
  });
  return { ...service, mounts };
}
