import { servableId } from "@serving-kit/core";
import {
  type AnyValues,
  DEFAULT_SIGNATURE,
  type DefinedModel,
  type Predictor,
  type Signature,
  type TensorSpec,
  type Tensors,
  toTensors,
} from "@serving-kit/inference";
import type { LoaderConformanceOptions } from "./loader-options.js";
import type { PredictorConformanceOptions, PredictorExample } from "./predictor-kit.js";

/** Inputs of a call of a defined model with the expected outputs: values that `toTensor` converts. */
export interface ModelExample extends Pick<PredictorExample, "signature" | "tolerance"> {
  readonly inputs: Readonly<Record<string, AnyValues>>;
  /** The expected outputs, all of them or those worth comparing. */
  readonly outputs: Readonly<Record<string, AnyValues>>;
}

/** Options for `predictorConformance` for a model that `defineModel` or `defineSignatures` returned. */
export interface ModelPredictorOptions
  extends Omit<PredictorConformanceOptions, "create" | "examples" | "longRunning"> {
  readonly model: DefinedModel;
  /** The path of a version's files. Default none. */
  readonly path?: string;
  /** At least two examples with different outputs. */
  readonly examples: readonly ModelExample[];
  /** See `PredictorConformanceOptions.longRunning`. */
  readonly longRunning?: Pick<ModelExample, "signature" | "inputs">;
}

/** Options for `loaderConformance` for a model that `defineModel` or `defineSignatures` returned. */
export interface ModelLoaderOptions
  extends Omit<LoaderConformanceOptions<Predictor>, "create" | "use" | "broken" | "readsNothing"> {
  readonly model: DefinedModel;
  /** The path of a version's files. Default none. */
  readonly path?: string;
  /** A valid call of the model. */
  readonly call: Pick<ModelExample, "signature" | "inputs">;
  /** Paths with missing or corrupt files. At least one if the model reads folders. */
  readonly brokenPaths?: readonly string[];
}

const id = servableId("conformance", 1);

/** Returns the suite's options for the predictor that the model's loader loads. */
export function predictorOptionsOf(options: ModelPredictorOptions): PredictorConformanceOptions {
  const { model, path = "", examples, longRunning, ...others } = options;
  return {
    ...others,
    create: () => model.loader({ path }, id).load({ id, signal: new AbortController().signal }),
    examples: examples.map((example) => ({ ...example, ...tensorsOf(model, example) })),
    ...(longRunning && { longRunning: { ...longRunning, ...tensorsOf(model, longRunning) } }),
  };
}

/** Returns the suite's options for the model's loader. */
export function loaderOptionsOf(options: ModelLoaderOptions): LoaderConformanceOptions<Predictor> {
  const { model, path = "", call, brokenPaths = [], ...others } = options;
  const { inputs } = tensorsOf(model, call);
  const { signature = DEFAULT_SIGNATURE } = call;
  return {
    ...others,
    create: () => model.loader({ path }, id),
    use: async (predictor) => void (await predictor.predict(inputs, { signature })),
    broken: brokenPaths.map((path) => ({ create: () => model.loader({ path }, id), path })),
    readsNothing: !model.readsFolders,
  };
}

type Call = Pick<ModelExample, "signature" | "inputs"> & Partial<Pick<ModelExample, "outputs">>;

function tensorsOf(model: DefinedModel, call: Call): Pick<PredictorExample, "inputs" | "outputs"> {
  const { signature = DEFAULT_SIGNATURE, inputs, outputs = {} } = call;
  const specs = model.signatures[signature];
  if (specs === undefined) throw new RangeError(`the model has no signature "${signature}"`);
  return {
    inputs: tensorsIn(specs.inputs, inputs),
    outputs: tensorsIn(specs.outputs, outputs),
  };
}

/** Converts the values to tensors. Specs without a value are ignored. */
function tensorsIn(
  specs: Readonly<Record<string, TensorSpec>>,
  values: Readonly<Record<string, AnyValues>>,
): Tensors {
  const given = Object.entries(specs).filter(([name]) => Object.hasOwn(values, name));
  const inputs: Signature["inputs"] = new Map(given);
  return { ...toTensors({ inputs }, values) };
}
