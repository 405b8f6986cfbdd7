import {
  findSignature,
  formNamedBy,
  formsOf,
  namesBetween,
  type Signature,
  TensorRecord,
  type Tensors,
  takesAnyTensors,
} from "@serving-kit/inference";
import type { CallContext, CalledVersion, PredictCall, ServerCore } from "@serving-kit/server";
import { decodeTensor } from "@serving-kit/tensorflow-wire";
import type { CheckMethod } from "../calls/method-name.js";
import { errors } from "../errors.js";
import { effectiveSignature, servableRequest } from "./model-spec.js";
import {
  type PredictRequest,
  readPredictRequest,
  writePredictResponse,
} from "./predict-messages.js";

/** The dependencies of Predict. */
export interface GrpcPredictOptions {
  readonly checkMethod: CheckMethod;
  readonly serializeAsTensorContent: boolean;
}

/**
 * Handles a PredictRequest.
 *
 * @throws ServingError of reading, predicting and writing, with TF Serving's texts.
 */
export function grpcPredict(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
  { checkMethod, serializeAsTensorContent }: GrpcPredictOptions,
): Promise<Buffer> {
  let request: PredictRequest;
  let signatureName = "";
  return core.call<Tensors, Buffer, void>(
    {
      api: "Predict",
      body(allowance) {
        request = readPredictRequest(bytes, allowance);
      },
      locate() {
        signatureName = request.modelSpec ? effectiveSignature(request.modelSpec) : "";
        return servableRequest(request.modelSpec);
      },
      run: async (version) => version.predict(decode(request, signatureName, version, checkMethod)),
      encode: (outputs, id) =>
        writePredictResponse({ id, signature: signatureName, outputs }, serializeAsTensorContent),
    },
    context,
  );
}

/** Decodes the tensors of a request according to its signature. */
function decode(
  { inputs: given, outputFilter }: PredictRequest,
  signatureName: string,
  { predictor, allowance }: CalledVersion,
  checkMethod: CheckMethod,
): PredictCall {
  const memory = {
    ...(predictor.allocate && { allocate: predictor.allocate.bind(predictor) }),
    allowance,
  };
  if (takesAnyTensors(predictor)) {
    return {
      signature: signatureName,
      inputs: decodeInputs(given, (name) => name, memory),
      outputs: outputFilter,
    };
  }
  const signature = findSignature(predictor, signatureName);
  if (signature === undefined) {
    throw errors.signatureUnfit(
      `Serving signature key "${signatureName}" not found.`,
      "FAILED_PRECONDITION",
    );
  }
  checkMethod(predictor, signatureName);
  const form = formNamedBy(signature, given);
  checkInputNames(form, given);
  const requested = outputFilter.map((name) => outputNamed(signature, name) ?? name);
  checkOutputFilter(signature, requested);
  const inputNames = namesBetween(form.inputs, signature.inputs);
  const inputs = decodeInputs(given, (name) => inputNames?.get(name) ?? name, memory);
  const outputNames =
    requested.length === 0
      ? namesBetween(signature.outputs, form.outputs)
      : signature.aliases && new Map(requested.map((name, i) => [name, outputFilter[i] as string]));
  return { signature: signatureName, inputs, outputs: requested, outputNames };
}

function decodeInputs(
  given: PredictRequest["inputs"],
  nameOf: (name: string) => string,
  memory: Parameters<typeof decodeTensor>[2],
): Tensors {
  const inputs = new TensorRecord();
  for (const [name, reader] of given) inputs[nameOf(name)] = decodeTensor(name, reader, memory);
  return inputs;
}

/** The output that has this name in a form of the signature. */
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
    // The predictor refuses outputs that cannot be returned.
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

/** Formats names in TF Serving's order and form, at most as many as a message has room for. */
const set = (names: Iterable<string>): string => `{${[...names].sort().slice(0, 1_000).join(",")}}`;
