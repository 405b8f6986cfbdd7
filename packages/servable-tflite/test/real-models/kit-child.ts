import { isServingError, servableId } from "@serving-kit/core";
import type { Predictor, Tensor, Tensors } from "@serving-kit/inference";
import { tflite } from "../../src/index.js";
import { type Answers, type Case, readAnswers, type TensorReader } from "./answers.js";
import { differenceOf } from "./compare.js";
import type { Failure, Outcome } from "./outcome.js";

// The child process of `askKit`: loads one model, makes the calls that Python made, each twice, and sends the outcome.

/** Loads a model as a server does by default. */
async function load(path: string): Promise<Predictor & AsyncDisposable> {
  const id = servableId("model", 1);
  const { signal } = new AbortController();
  const loader = tflite().loader({ path }, id);
  return (await loader.load({ id, signal })) as Predictor & AsyncDisposable;
}

async function outcomeOf(path: string, answersPath: string): Promise<Outcome> {
  const { answers, tensors } = readAnswers(answersPath);
  let predictor: Predictor & AsyncDisposable;
  try {
    predictor = await load(path);
  } catch (error) {
    const isRefused = isServingError(error) && error.code === "UNIMPLEMENTED";
    return { verdict: isRefused ? "refused" : "failed", failures: [failureOf("load", error)] };
  }
  const failures: Failure[] = [];
  for (const call of answers.cases ?? []) {
    if (call.inputs === undefined) continue;
    const failure = await check(predictor, call, answers, tensors);
    if (failure !== undefined) failures.push(failure);
  }
  await predictor[Symbol.asyncDispose]();
  if (failures.length === 0) return { verdict: "right", failures };
  return {
    verdict: failures.some(({ reason }) => reason === undefined) ? "wrong" : "failed",
    failures,
  };
}

async function check(
  predictor: Predictor,
  call: Case,
  answers: Answers,
  tensors: TensorReader,
): Promise<Failure | undefined> {
  const at = `${call.signature}, ${call.name}`;
  try {
    const inputs = tensors(call.inputs ?? {});
    const options = { signatureName: call.signature };
    const outputs = await predictor.predict(inputs, options);
    const want = tensors(call.outputs ?? {});
    const problem = differenceOf(outputs, want, call, answers.float16 ?? false);
    if (problem !== undefined) return { at, message: problem };
    const again = await predictor.predict(inputs, options);
    const changed = Object.keys(outputs).find((name) => !isSame(outputs, again, name));
    return changed === undefined
      ? undefined
      : { at, message: `output "${changed}" differs in a second call` };
  } catch (error) {
    return failureOf(at, error);
  }
}

const bytesOf = ({ data }: Tensor) =>
  ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.concat([...data]);

function isSame(one: Tensors, other: Tensors, name: string): boolean {
  const [a, b] = [one[name], other[name]];
  return a !== undefined && b !== undefined && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function failureOf(at: string, error: unknown): Failure {
  if (!isServingError(error)) return { at, message: String(error) };
  return { at, code: error.code, reason: error.reason, message: error.message };
}

process.once("message", async ({ path, answersPath }: { path: string; answersPath: string }) => {
  process.send?.(await outcomeOf(path, answersPath));
  process.disconnect?.();
});
