import { pathToFileURL } from "node:url";
import type { Benchmark } from "./figure.js";
import { isReached } from "./figure.js";

type Build = { ensureBuilt(names: readonly string[]): Promise<void> };

// The child process of `npm run bench`: runs one benchmark file and sends its figures to the parent.
const file = process.argv[2] ?? "";
const { default: benchmark } = (await import(pathToFileURL(file).href)) as { default: Benchmark };
if (benchmark.dist !== undefined) {
  const build = pathToFileURL("scripts/build.mjs").href;
  await ((await import(build)) as Build).ensureBuilt(benchmark.dist);
}
process.send?.({ kind: "started", name: benchmark.name });
const figures = await benchmark.run();
process.send?.({
  kind: "figures",
  figures: figures.map((figure) => ({ ...figure, ok: isReached(figure) ?? null })),
});
process.disconnect?.();
