import {
  findSignature,
  formNamedBy,
  formsOf,
  namesBetween,
  type Predictor,
  type Signature,
  TensorRecord,
} from "@serving-kit/inference";
import { decodeTensor } from "@serving-kit/tensorflow-wire";
import { EXPANSION_BYTES } from "../calls/expansion.js";
import { observed } from "../calls/observed.js";
import { type PrepareCall, predict } from "../calls/predict.js";
import type { PredictCall } from "../calls/predict-call.js";
import { errors } from "../errors.js";
import type { CallContext, ServerCore } from "../server-core.js";
import { effectiveSignature, servableRequest } from "./model-spec.js";
import {
  type PredictRequest,
  readPredictRequest,
  writePredictResponse,
} from "./predict-messages.js";

/**
 * Answers a PredictRequest.
 *
 * @throws ServingError of reading, predicting and writing, with TF Serving's texts.
 */
export async function grpcPredict(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
  serializeAsTensorContent: boolean,
): Promise<Buffer> {
  const request = readPredictRequest(bytes);
  const servable = servableRequest(request.modelSpec);
  const signature = request.modelSpec ? effectiveSignature(request.modelSpec) : "";
  const prepare: PrepareCall<PredictCall> = (predictor, checkMethod) =>
    prepareCall(request, signature, predictor, checkMethod);
  return observed(core, servable.name, "Predict", context, async (watched) => {
    const { id, outputs } = await predict(core, servable, prepare, watched);
    return writePredictResponse({ id, signature, outputs }, serializeAsTensorContent);
  });
}

function prepareCall(
  { inputs: given, outputFilter }: PredictRequest,
  name: string,
  predictor: Predictor,
  checkMethod: (signature: string) => void,
): PredictCall {
  const signature = findSignature(predictor, name);
  if (signature === undefined) {
    throw errors.signatureUnfit(
      `Serving signature key "${name}" not found.`,
      "FAILED_PRECONDITION",
    );
  }
  checkMethod(name);
  const form = formNamedBy(signature, given);
  checkInputNames(form, given);
  const requested = outputFilter.map((name) => outputNamed(signature, name) ?? name);
  checkOutputFilter(signature, requested);
  const inputNames = namesBetween(form.inputs, signature.inputs);
  const memory = {
    ...(predictor.allocate && { allocate: predictor.allocate.bind(predictor) }),
    expansionBytes: EXPANSION_BYTES,
  };
  const inputs = new TensorRecord();
  for (const [name, reader] of given) {
    inputs[inputNames?.get(name) ?? name] = decodeTensor(name, reader, memory);
  }
  const outputNames =
    requested.length === 0
      ? namesBetween(signature.outputs, form.outputs)
      : signature.aliases && new Map(requested.map((name, i) => [name, outputFilter[i] as string]));
  return { signature: name, inputs, outputs: requested, outputNames };
}

/** The output that a form of the signature calls so. */
function outputNamed(signature: Signature, name: string): string | undefined {
  const form = formsOf(signature).find(({ outputs }) => outputs.has(name));
  return form && (namesBetween(form.outputs, signature.outputs)?.get(name) ?? name);
}

function checkInputNames({ inputs }: Signature, given: ReadonlyMap<string, unknown>): void {
  const extra = [...given.keys()].filter((name) => !inputs.has(name));
  const missing: string[] = [];
  for (const [name, { isOptional }] of inputs) {
    if (!isOptional && !given.has(name)) missing.push(name);
  }
  if (extra.length === 0 && missing.length === 0) return;
  throw errors.requestUnfit(
    `input size does not match signature: ${given.size}!=${inputs.size} len(${set(given.keys())}) ` +
      `!= len(${set(inputs.keys())}). Sent extra: ${set(extra)}. ` +
      `Missing but required: ${set(missing)}.`,
  );
}

function checkOutputFilter({ outputs, opaqueOutputs }: Signature, filter: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of filter) {
    // Those that cannot be returned are for the predictor to refuse.
    if (!outputs.has(name) && !opaqueOutputs?.has(name)) {
      throw errors.requestUnfit(
        `output tensor alias not found in signature: ${name} Outputs expected to be in the set ` +
          `${set(outputs.keys())}.`,
      );
    }
    if (seen.has(name)) throw errors.requestUnfit(`duplicate output tensor alias: ${name}`);
    seen.add(name);
  }
}

/** Names in TF Serving's order and form; of many, as many as a message has room for. */
const set = (names: Iterable<string>): string => `{${[...names].sort().slice(0, 1_000).join(",")}}`;
