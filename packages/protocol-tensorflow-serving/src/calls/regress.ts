import type { ServableId } from "@serving-kit/core";
import type { CalledVersion } from "@serving-kit/server";
import { DATA_TYPE_NAMES } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import {
  checkInput,
  describe,
  type ExamplesCall,
  examplesCall,
  examplesSignature,
} from "./classify.js";
import type { CheckMethod } from "./method-name.js";

/** One value for each example. */
export interface Regressions {
  /** The version that the model ran in. */
  readonly id: ServableId;
  readonly values: Float32Array;
}

/**
 * Regresses examples through a signature with the input `inputs` and the output `outputs`.
 *
 * @throws ServingError INVALID_ARGUMENT with TF Serving's texts: SIGNATURE_UNFIT, REQUEST_UNFIT if there are no
 * examples, OUTPUT_UNFIT; and errors of `predict`.
 */
export async function regress(
  version: CalledVersion,
  call: ExamplesCall,
  checkMethod: CheckMethod,
): Promise<Regressions> {
  const signature = examplesSignature(version.predictor, call, checkMethod);
  if (signature.outputs.size !== 1) {
    throw errors.signatureUnfit("Expected one output Tensor.", "INVALID_ARGUMENT");
  }
  checkInput(signature, "regression");
  if (!signature.outputs.has("outputs")) {
    throw errors.signatureUnfit(
      `No regression outputs found in SignatureDef: ${describe(signature)}`,
      "INVALID_ARGUMENT",
    );
  }
  const { count, predictCall } = await examplesCall(call, ["outputs"]);
  const outputs = await version.predict(predictCall);
  const tensor = outputs.outputs;
  if (tensor === undefined) throw errors.outputUnfit("Could not find output tensor 'outputs'");
  const { shape, dtype } = tensor;
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1))) {
    throw errors.outputUnfit(
      "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got " +
        `[${shape.join(",")}]`,
    );
  }
  if (shape[0] !== count) {
    throw errors.outputUnfit(
      `Input batch size did not match output batch size: ${count} vs. ${shape[0]}`,
    );
  }
  if (dtype !== "float32") {
    throw errors.outputUnfit(`Expected output Tensor of DT_FLOAT.  Got: ${DATA_TYPE_NAMES[dtype]}`);
  }
  return { id: version.id, values: tensor.data as Float32Array };
}
