import { isServingError, servableId } from "@serving-kit/core";
import type { Predictor, Tensor, TensorSpec, Tensors } from "@serving-kit/inference";
import { type TfliteOptions, tflite } from "../../src/index.js";
import type { Answers, Case, RecordedModel, TensorReader } from "./answers.js";
import { differenceOf } from "./compare.js";
import type { Failure, Outcome } from "./outcome.js";

async function load(path: string, options: TfliteOptions): Promise<Predictor & AsyncDisposable> {
  const id = servableId("model", 1);
  const { signal } = new AbortController();
  const loader = tflite(options).loader({ path }, id);
  return (await loader.load({ id, signal })) as Predictor & AsyncDisposable;
}

/** Loads a model in this process and makes the calls that Python answered, each twice. */
export async function outcomeOf(
  path: string,
  { answers, tensors }: RecordedModel,
  options: TfliteOptions = {},
): Promise<Outcome> {
  let predictor: Predictor & AsyncDisposable;
  try {
    predictor = await load(path, options);
  } catch (error) {
    const failures = [failureOf("load", error)];
    return { verdict: verdictOf(failures), failures };
  }
  const failures: Failure[] = [];
  for (const call of answers.cases ?? []) {
    if (call.inputs === undefined) continue;
    const failure = await check(predictor, call, answers, tensors);
    if (failure !== undefined) failures.push(failure);
  }
  await predictor[Symbol.asyncDispose]();
  return { verdict: verdictOf(failures), failures };
}

function verdictOf(failures: readonly Failure[]): Outcome["verdict"] {
  if (failures.length === 0) return "right";
  if (failures.some(({ code }) => code === undefined)) return "wrong";
  return failures.every(({ code }) => code === "UNIMPLEMENTED") ? "refused" : "failed";
}

async function check(
  predictor: Predictor,
  call: Case,
  answers: Answers,
  tensors: TensorReader,
): Promise<Failure | undefined> {
  const at = `${call.signature}, ${call.name}`;
  try {
    const signature = signatureOf(predictor, call);
    const inputs = renamed(tensors(call.inputs ?? {}), signature?.inputs);
    const want = renamed(tensors(call.outputs ?? {}), signature?.outputs);
    const options = { signature: call.signature };
    const outputs = await predictor.predict(inputs, options);
    const compare = (wanted: Tensors) =>
      differenceOf(outputs, wanted, call, answers.float16 ?? false);
    const problem = compare(want);
    const isPlain = () =>
      call.plain !== undefined &&
      compare(renamed(tensors(call.plain), signature?.outputs)) === undefined;
    if (problem !== undefined && !isPlain()) return { at, message: problem };
    const again = await predictor.predict(inputs, options);
    const changed = Object.keys(outputs).find((name) => !isSame(outputs, again, name));
    return changed === undefined
      ? undefined
      : { at, message: `output "${changed}" differs in a second call` };
  } catch (error) {
    return failureOf(at, error);
  }
}

const signatureOf = ({ signatures }: Predictor, call: Case) => signatures.get(call.signature);

/** Python names tensors if a file's signatures are in its metadata; the kit has the signatures' names. */
function renamed(tensors: Tensors, specs: ReadonlyMap<string, TensorSpec> = new Map()): Tensors {
  const names = new Map([...specs].map(([name, { nativeName }]) => [nativeName, name]));
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      specs.has(name) ? name : (names.get(name) ?? name),
      tensor,
    ]),
  );
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
  if (!isServingError(error)) return { at, code: "not a ServingError", message: String(error) };
  return { at, code: error.code, reason: error.reason, message: error.message };
}
