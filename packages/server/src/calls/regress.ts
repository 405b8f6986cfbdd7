import type { ServableId, ServableRequest } from "@serving-kit/core";
import { DATA_TYPE_NAMES } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import type { CallContext, ServerCore } from "../server-core.js";
import {
  checkInput,
  describe,
  type ExamplesCall,
  examplesCall,
  examplesSignature,
} from "./classify.js";
import { type PrepareCall, predict } from "./predict.js";
import type { PredictCall } from "./predict-call.js";

/** One value for each example. */
export interface Regressions {
  /** The version that answered. */
  readonly id: ServableId;
  readonly values: Float32Array;
}

/**
 * Regresses examples through a signature with the input `inputs` and the output `outputs`.
 *
 * @throws ServingError INVALID_ARGUMENT with TF Serving's texts: SIGNATURE_UNFIT, REQUEST_UNFIT without
 * examples, OUTPUT_UNFIT; and what `predict` throws.
 */
export async function regress(
  core: ServerCore,
  request: ServableRequest,
  call: ExamplesCall,
  context?: CallContext,
): Promise<Regressions> {
  const prepare: PrepareCall<PredictCall> = (predictor, checkMethod) => {
    const signature = examplesSignature(predictor, call, checkMethod);
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
    return examplesCall(call, ["outputs"]);
  };
  const { id, outputs } = await predict(core, request, prepare, context, "Regress");
  const tensor = outputs.outputs;
  const count = call.examples.length;
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
  return { id, values: tensor.data as Float32Array };
}
