import { pathToFileURL } from "node:url";
import type { Benchmark } from "./figure.js";
import { isReached } from "./figure.js";

// The child process of `npm run bench`: runs one benchmark file on the built packages and sends its figures to the parent.
const file = process.argv[2] ?? "";
const { default: benchmark } = (await import(pathToFileURL(file).href)) as { default: Benchmark };
process.send?.({ kind: "started", name: benchmark.name });
const figures = await benchmark.run();
process.send?.({
  kind: "figures",
  figures: figures.map((figure) => ({ ...figure, ok: isReached(figure) ?? null })),
});
process.disconnect?.();
