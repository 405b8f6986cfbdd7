import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { libraryReport } from "../src/index.js";

// A process with onnxruntime-node and the kit, opened in the order of the argument. Each answers alone, at the same
// time as the other, and after the other's model is gone. Prints the answers.

const [, , order, folder = ""] = process.argv;
const requireTheirs = () => createRequire(join(folder, "package.json"))("onnxruntime-node");
const isTheirsFirst = order === "theirs first";
const early = isTheirsFirst ? requireTheirs() : undefined;
// It opens the library when it is imported.
const { expectedCalls, loadNamed, modelFile } = await import("./support.js");
const predictor = await loadNamed("dense");
const ort = early ?? requireTheirs();
const session = await ort.InferenceSession.create(modelFile("dense"));
const inputs = expectedCalls("dense")[0]?.inputs ?? {};
const { shape, data } = inputs.x as { shape: readonly number[]; data: Float32Array };

async function askTheirs(): Promise<number[]> {
  const { y } = await session.run({ x: new ort.Tensor("float32", data, shape) });
  return Array.from(y.data as Float32Array);
}

async function askOurs(): Promise<number[]> {
  const { y } = await predictor.predict(inputs);
  return Array.from(y?.data as Float32Array);
}

const answers = [await askTheirs(), await askOurs()];
answers.push(...(await Promise.all([askOurs(), askTheirs()])));
if (isTheirsFirst) {
  await session.release();
  answers.push(await askOurs());
} else {
  await predictor[Symbol.asyncDispose]();
  answers.push(await askTheirs());
}
const { opened } = await libraryReport();
const maps = readFileSync("/proc/self/maps", "utf8");
const mapped = [...new Set(maps.match(/\/\S*libonnxruntime\.so\S*/g))];
process.stdout.write(`${JSON.stringify({ opened, mapped, answers })}\n`);
