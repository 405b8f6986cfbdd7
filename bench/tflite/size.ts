import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Benchmark, Figure } from "../figure.js";

const packages = fileURLToPath(new URL("../../packages/servable-tflite/npm", import.meta.url));

const benchmark: Benchmark = {
  name: "size of the libraries in the platform packages that are filled here",
  async run() {
    return readdirSync(packages).flatMap(figures);
  },
};
export default benchmark;

function figures(name: string): Figure[] {
  const folder = join(packages, name, "lib");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => {
    const bytes = readFileSync(join(folder, file));
    const mb = (length: number) => ({ value: length / 1e6, unit: "MB" });
    return [
      {
        name: `@serving-kit/tflite-${name}: compressed, as npm downloads it`,
        ...mb(gzipSync(bytes).length),
      },
      { name: `@serving-kit/tflite-${name}: installed`, ...mb(bytes.length) },
    ];
  });
}
