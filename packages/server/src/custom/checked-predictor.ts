import {
  inferenceErrors,
  type Predictor,
  type Signature,
  shapeFits,
  signatureOf,
  type Tensors,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";

/**
 * Puts the checks of a predictor in front of one that has none: inputs and requested outputs fit the
 * signature before it runs (S6), an aborted call does not start (S7), and outputs that were not requested
 * are left out. If the signature `checksShapes`, an output of another shape is INTERNAL /
 * PREDICTION_FAILED (S2).
 */
export function checkedPredictor(predictor: Predictor): Predictor {
  return {
    signatures: predictor.signatures,
    uncallable: predictor.uncallable,
    batchable: predictor.batchable,
    state: predictor.state,
    get delegation() {
      return predictor.delegation;
    },
    async predict(inputs, options = {}) {
      options.signal?.throwIfAborted();
      const signature = signatureOf(predictor, options.signature);
      validateInputs(signature, inputs);
      const names = validateOutputs(signature, options.outputs);
      const outputs = await predictor.predict(inputs, options);
      if (signature.checksShapes) checkOutputShapes(signature, outputs);
      if (!options.outputs?.length) return outputs;
      return Object.fromEntries(Object.entries(outputs).filter(([name]) => names.includes(name)));
    },
    ...(predictor.allocate && { allocate: predictor.allocate.bind(predictor) }),
    async [Symbol.asyncDispose]() {
      await predictor[Symbol.asyncDispose]?.();
    },
  };
}

function checkOutputShapes(signature: Signature, outputs: Tensors): void {
  for (const [name, { shape }] of Object.entries(outputs)) {
    const expected = signature.outputs.get(name)?.shape;
    if (!expected || shapeFits(expected, shape)) continue;
    throw inferenceErrors.predictionFailed(
      `output "${name}" must have shape [${expected}] (-1 is any); the model computed [${shape}]`,
    );
  }
}
