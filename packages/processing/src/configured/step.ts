import type { MapContext, Signature, Specs, TensorSpec, Tensors } from "@serving-kit/inference";
import { errors } from "../errors.js";

/** The properties of the model that steps use. */
export interface StepScope {
  readonly signature: Signature;
  /** The path of the version: a folder, or a file. */
  readonly path: string;
}

/** A step before the model: converts callers' inputs to inputs of the model. */
export interface BeforeStep {
  /** The inputs that callers pass. */
  readonly inputs: Specs;
  /** The model's inputs that it produces. */
  readonly makes: readonly string[];
  /** True if each output row depends on exactly one input row and always has the same shape. */
  readonly isRowwise: boolean;
  run(inputs: Tensors, context: MapContext): Promise<Tensors>;
}

/** A step after the model: replaces outputs. */
export interface AfterStep {
  /** The outputs that it reads, which callers do not receive. */
  readonly takes: readonly string[];
  /** The outputs that it adds. */
  readonly outputs: Specs;
  run(outputs: Tensors, context: MapContext): Tensors | Promise<Tensors>;
}

/** Rejects a step. `where` is its place in the configuration. */
export const unfit = (where: string, problem: string): never => {
  throw errors.processingInvalid(`${where}: ${problem}`);
};

/** Returns the tensor with the given name, or the only tensor. */
export function chosen(
  where: string,
  name: string | undefined,
  specs: ReadonlyMap<string, TensorSpec>,
): [string, TensorSpec] {
  const names = [...specs.keys()];
  const own = name ?? (names.length === 1 ? names[0] : undefined);
  const spec = own === undefined ? undefined : specs.get(own);
  if (own !== undefined && spec !== undefined) return [own, spec];
  return unfit(where, `name one of ${names.join(", ") || "none"}; got ${name ?? "no name"}`);
}
