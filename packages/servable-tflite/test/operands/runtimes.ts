import { libraryCandidates } from "../../src/native/library.js";
import type { KernelGeneration } from "../../src/operands/checks/operand-row.js";

const platform = `${process.platform}-${process.arch}`;

async function pathOf(name: string): Promise<string> {
  const origin = `npm package @serving-kit/${name}`;
  const located = await libraryCandidates()
    .find((candidate) => candidate.origin === origin)
    ?.locate();
  return located && "path" in located ? located.path : "";
}

/** The platform packages' libraries by the generation of their kernels; an empty path if one is missing. */
export const runtimes: readonly (readonly [KernelGeneration, string])[] = [
  ["2.9", await pathOf(`tflite-2.9-${platform}`)],
  ["2.21", await pathOf(`tflite-${platform}`)],
];
