import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "@serving-kit/native-library";

/** The version of onnxruntime-node that is compared. */
const VERSION = "1.30.0";

/**
 * The folder with onnxruntime-node, which is installed into the cache folder once, without its download of CUDA.
 *
 * @throws Error if npm cannot install it.
 */
export function onnxruntimeNodeFolder(): string {
  const folder = join(cacheFolder(), `onnxruntime-node-${VERSION}`);
  if (existsSync(join(folder, "installed"))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
  const args = ["install", ...flags, `onnxruntime-node@${VERSION}`];
  execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  writeFileSync(join(folder, "installed"), "");
  return folder;
}
