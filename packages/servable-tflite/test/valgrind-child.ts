import { join } from "node:path";
import { servableId } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { tflite } from "../src/index.js";

/**
 * Runs models whose tensors move, at two shapes, each twice: see scripts/valgrind.ts. The argument is the
 * folder of the models.
 */
const id = servableId("m", 1);
const { signal } = new AbortController();

for (const name of ["many_temporaries", "dynamic_temporaries"]) {
  const path = join(process.argv[2] ?? "", `${name}.tflite`);
  const loader = tflite({ useXnnpack: false }).loader({ path }, id);
  const predictor = (await loader.load({ id, signal })) as Predictor & AsyncDisposable;
  for (const rows of [1, 1, 3, 3, 1]) {
    const shape = name === "many_temporaries" ? [1, rows, 3, 1] : [rows, 3];
    await predictor.predict({ x: tensor("float32", shape, Array(3 * rows).fill(1)) });
  }
  await predictor[Symbol.asyncDispose]();
}
process.stdout.write("done");
