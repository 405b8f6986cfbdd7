import type { ServableId } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  findSignature,
  type Predictor,
  type Signature,
  type Tensor,
} from "@serving-kit/inference";
import type { CalledVersion } from "@serving-kit/server";
import { DATA_TYPE_NAMES } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import type { CheckMethod } from "./method-name.js";

/** Options for a call with examples, for a model that parses `tf.Example` itself. */
export interface ExamplesCall {
  /** The signature; undefined or empty means `serving_default`. */
  readonly signature?: string | undefined;
  /** Reads the serialized `tf.Example` messages. Called after the signature was found. */
  examples(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
}

/** The classes and scores of each example: row by row, `[examples, classes]`. */
export interface Classifications {
  /** The version that the model ran in. */
  readonly id: ServableId;
  /** Absent if the signature has no classes. */
  readonly classes?: Tensor<"string">;
  /** Absent if the signature has no scores. */
  readonly scores?: Tensor<"float32">;
  /** The number of examples, and the number of classes of each. */
  readonly shape: readonly [examples: number, classes: number];
}

/**
 * Classifies examples through a signature with the input `inputs` and the outputs `classes`, `scores`, or both.
 *
 * @throws ServingError INVALID_ARGUMENT with TF Serving's texts: SIGNATURE_UNFIT, REQUEST_UNFIT if there are no
 * examples, OUTPUT_UNFIT; and errors of `predict`.
 */
export async function classify(
  version: CalledVersion,
  call: ExamplesCall,
  checkMethod: CheckMethod,
): Promise<Classifications> {
  const signature = examplesSignature(version.predictor, call, checkMethod);
  const { outputs: specs } = signature;
  if (specs.size !== 1 && specs.size !== 2) {
    throw unfit(`Expected one or two output Tensors, found ${specs.size}`);
  }
  checkInput(signature, "classification");
  const wanted = ["classes", "scores"].filter((name) => specs.has(name));
  if (wanted.length === 0) {
    throw unfit(
      'Expected classification signature outputs to contain at least one of "classes" or ' +
        `"scores". Signature was: ${describe(signature)}`,
    );
  }
  const { count, predictCall } = await examplesCall(call, wanted);
  const outputs = await version.predict(predictCall);
  const classes = checkMatrix("classes", outputs.classes, "string", count);
  const scores = checkMatrix("scores", outputs.scores, "float32", count);
  const width = (classes ?? scores)?.shape[1] ?? 0;
  if (classes && scores && classes.shape[1] !== scores.shape[1]) {
    throw errors.outputUnfit(
      "Tensors class and score should match in dim_size(1). Got " +
        `${classes.shape[1]} vs. ${scores.shape[1]}`,
    );
  }
  const { id } = version;
  return { id, ...(classes && { classes }), ...(scores && { scores }), shape: [count, width] };
}

/** Returns the signature for examples. Throws TF Serving's error if it does not exist. */
export function examplesSignature(
  predictor: Predictor,
  call: ExamplesCall,
  checkMethod: CheckMethod,
): Signature {
  const name = call.signature || DEFAULT_SIGNATURE;
  const signature = findSignature(predictor, name);
  if (signature === undefined) throw unfit(`No signature was found with the name: ${name}`);
  checkMethod(predictor, name);
  if (signature.inputs.size !== 1) throw unfit("Expected one input Tensor.");
  return signature;
}

/** Checks that the signature accepts examples: as strings, in `inputs`. */
export function checkInput(signature: Signature, kind: "classification" | "regression"): void {
  const spec = signature.inputs.get("inputs");
  if (spec === undefined) {
    throw unfit(`No ${kind} inputs found in SignatureDef: ${describe(signature)}`);
  }
  if (spec.dtype !== "string") {
    throw unfit(
      `expected the input "inputs" to take serialized tf.Example (string); it takes ${spec.dtype}. ` +
        "Use the predict API for this model",
    );
  }
}

/** Returns the predict call that passes examples to a signature. Throws TF Serving's error if there are no examples. */
export async function examplesCall({ signature, examples }: ExamplesCall, outputs: string[]) {
  const data = await examples();
  const count = data.length;
  if (count === 0) throw errors.requestUnfit("Input is empty.");
  const inputs: Tensor<"string"> = { dtype: "string", shape: [count], data };
  return { count, predictCall: { signature, inputs: { inputs }, outputs } };
}

/** Describes a signature for a message: its inputs and outputs with their dtypes. */
export function describe({ inputs, outputs }: Signature): string {
  const list = (specs: Signature["inputs"]) =>
    [...specs].map(([name, { dtype }]) => `${name}: ${dtype}`).join(", ");
  return `{inputs {${list(inputs)}} outputs {${list(outputs)}}}`;
}

const unfit = (problem: string) => errors.signatureUnfit(problem, "INVALID_ARGUMENT");

function checkMatrix<D extends "string" | "float32">(
  name: string,
  tensor: Tensor | undefined,
  dtype: D,
  count: number,
): Tensor<D> | undefined {
  if (tensor === undefined) return undefined;
  const { shape } = tensor;
  if (shape.length !== 2) {
    throw errors.outputUnfit(
      `Expected Tensor shape: [batch_size num_classes] but got [${shape.join(",")}]`,
    );
  }
  if (tensor.dtype !== dtype) {
    const expected = dtype === "string" ? "DT_STRING" : "DT_FLOAT";
    throw errors.outputUnfit(
      `Expected ${name} Tensor of ${expected}. Got: ${DATA_TYPE_NAMES[tensor.dtype]}`,
    );
  }
  if (shape[0] !== count) {
    throw errors.outputUnfit(`Expected ${name} output batch size of ${count}. Got: ${shape[0]}`);
  }
  return tensor as Tensor<D>;
}
