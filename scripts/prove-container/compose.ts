import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../workspace.mjs";

/** The service of a compose.yaml, as far as it is read. */
export interface ComposeService {
  readonly build: { readonly target: string };
  readonly command: readonly string[];
  readonly ports: readonly string[];
  readonly stop_grace_period: string;
  readonly volumes: readonly string[];
}

/**
 * The service of a compose.yaml, and its volumes as mounts of absolute paths.
 *
 * @param folder that has the compose.yaml
 */
export function readCompose(
  folder: string,
): ComposeService & { readonly mounts: readonly string[] } {
  const { parse } = createRequire(join(root, "packages/server/package.json"))("yaml");
  const { services } = parse(readFileSync(join(folder, "compose.yaml"), "utf8"));
  const service: ComposeService = services["model-server"];
  const mounts = service.volumes.map((volume) => {
    const [source = "", ...rest] = volume.split(":");
    return [join(folder, source), ...rest].join(":");
  });
  return { ...service, mounts };
}
