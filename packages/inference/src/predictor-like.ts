import type { PredictOptions, Predictor } from "./predictor.js";
import type { OpaqueTensor, Signature, TensorSpec } from "./signature.js";
import type { Tensors } from "./tensor.js";
import type { AnyValues } from "./values.js";

/** Values by name: a plain object, or a Map. */
export type Named<T> = Readonly<Record<string, T>> | ReadonlyMap<string, T>;

/** A signature as an author writes it. */
export interface SignatureLike
  extends Omit<Signature, "inputs" | "outputs" | "opaqueInputs" | "opaqueOutputs" | "aliases"> {
  readonly inputs: Named<TensorSpec>;
  readonly outputs: Named<TensorSpec>;
  readonly opaqueInputs?: Named<OpaqueTensor>;
  readonly opaqueOutputs?: Named<OpaqueTensor>;
  readonly aliases?: readonly SignatureLike[];
}

/**
 * A predictor as an author writes it, before `guard`: plain objects instead of Maps, and outputs that `toTensor`
 * converts. It receives inputs that fit the signature.
 */
export interface PredictorLike
  extends Omit<Predictor, "signatures" | "uncallable" | "batchable" | "predict"> {
  readonly signatures: Named<SignatureLike>;
  readonly uncallable?: Named<SignatureLike> | undefined;
  /** Default false. */
  readonly batchable?: boolean | undefined;
  predict(
    inputs: Tensors,
    options?: PredictOptions,
  ): Readonly<Record<string, AnyValues>> | Promise<Readonly<Record<string, AnyValues>>>;
}
