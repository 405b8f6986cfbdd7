import type { DType } from "./dtype.js";
import type { TensorSpec } from "./signature.js";
import type { AnyTensor, Tensor } from "./tensor.js";
import type { AnyValues, Values } from "./values.js";

/** Tensor specs by name. */
export type Specs = { readonly [name: string]: TensorSpec };

/** The inputs and outputs of one signature, by name. */
export interface SignatureSpecs<I = Specs, O = Specs> {
  readonly inputs: I;
  readonly outputs: O;
}

/**
 * The type of a model as a value: `serving-kit types` writes it, and a defined model has it.
 *
 * @example
 * ```ts
 * const digits = {
 *   signatures: {
 *     serving_default: {
 *       inputs: { image: spec.float32([-1, 64]) },
 *       outputs: { probabilities: spec.float32([-1, 10]) },
 *     },
 *   },
 * } satisfies ModelType; // as `serving-kit types models/digits` writes it
 * const typed = await loadModel("models/digits", { expects: digits });
 * ```
 */
export interface ModelType {
  readonly signatures: { readonly [name: string]: SignatureSpecs };
}

/** The type of a model whose only signature is `serving_default`. */
export interface OneSignature<I, O> {
  readonly signatures: { readonly serving_default: SignatureSpecs<I, O> };
}

/** A shape without `readonly`, so that an editor shows `[-1, 64]`. */
export type Plain<S> = S extends readonly unknown[] ? { -readonly [I in keyof S]: S[I] } : S;

type OptionalIn<I> = {
  [K in keyof I]: I[K] extends { readonly isOptional: true } ? K : never;
}[keyof I];
type Flat<T> = T extends infer U ? { [K in keyof U]: U[K] } : never;

/** The values that convert to a tensor of a spec. */
export type ValuesOf<P> =
  P extends TensorSpec<infer D, infer S>
    ? DType extends D
      ? AnyValues
      : Values<D, Plain<S>>
    : never;

/**
 * The tensor of a spec, or of a dtype: `TensorOf<"float32">`.
 *
 * @example
 * ```ts
 * const image: TensorOf<"float32"> = tensor("float32", [1, 64], pixels);
 * ```
 */
export type TensorOf<P> = P extends DType
  ? Tensor<P>
  : P extends TensorSpec<infer D, infer S>
    ? DType extends D
      ? AnyTensor
      : Tensor<D, Plain<S>>
    : never;

/** The inputs that a caller passes for specs. */
export type Inputs<I> = [OptionalIn<I>] extends [never]
  ? { readonly [K in keyof I]: ValuesOf<I[K]> }
  : Flat<
      { readonly [K in Exclude<keyof I, OptionalIn<I>>]: ValuesOf<I[K]> } & {
        readonly [K in OptionalIn<I>]?: ValuesOf<I[K]> | undefined;
      }
    >;

/** The inputs that a defined model receives. */
export type Given<I> = [OptionalIn<I>] extends [never]
  ? { readonly [K in keyof I]: TensorOf<I[K]> }
  : Flat<
      { readonly [K in Exclude<keyof I, OptionalIn<I>>]: TensorOf<I[K]> } & {
        readonly [K in OptionalIn<I>]?: TensorOf<I[K]> | undefined;
      }
    >;

/** The outputs that a defined model may return. */
export type Answer<O> = O extends unknown ? { readonly [K in keyof O]: ValuesOf<O[K]> } : never;

/** The outputs that a caller receives: the outputs `N`, or all if `N` is empty. */
export type Outputs<O, N extends keyof O = keyof O> = O extends unknown
  ? { readonly [K in [N] extends [never] ? keyof O : N]: TensorOf<O[K]> }
  : never;

declare const hidden: unique symbol;

/** The type of `inputs` if no signature is named and the model has no `serving_default`. */
export interface SignatureMustBeNamed<S> {
  readonly [hidden]: S;
}

/** The signature of a call that names none; never if it must be named. */
export type DefaultOf<T extends ModelType> = "serving_default" extends keyof T["signatures"]
  ? "serving_default"
  : never;

/** The output specs of a signature of a model. */
export type OutputsOf<
  T extends ModelType,
  S extends keyof T["signatures"],
> = T["signatures"][S]["outputs"];

/** The inputs of a call of a signature of a model. */
export type InputsOf<T extends ModelType, S extends keyof T["signatures"]> = [S] extends [never]
  ? SignatureMustBeNamed<keyof T["signatures"]>
  : Inputs<T["signatures"][S]["inputs"]>;
