/** Options may be undefined, as those are that an app passes on. Lines that compile under each setting. */
import {
  createModelServer,
  customPlatform,
  drainOnStrayError,
  filesystemSource,
  type LoadModelOptions,
  loadModel,
  type ModelConfig,
  type ModelServer,
  type ModelServerOptions,
  type OnnxOptions,
  type Predictor,
  type PythonModelOptions,
  type PythonOptions,
  type ServerCallOptions,
  type TensorFlowOptions,
  type TfliteOptions,
  type TreeOptions,
  watchModelConfig,
} from "serving-kit";

/** The optional members of options that cannot be undefined. */
type Strict<O> = {
  [K in keyof O]-?: object extends Pick<O, K>
    ? { [P in K]: undefined } extends Pick<O, K>
      ? never
      : K
    : never;
}[keyof O];
const none = <O>(...names: [Strict<O>] extends [never] ? [] : [Strict<O>]) => names;
type Part<O, K extends keyof O> = Exclude<
  NonNullable<O[K]>,
  boolean | number | string | ((...args: never[]) => unknown)
>;
type FirstOf<F> = F extends (first: infer O, ...rest: never[]) => unknown ? NonNullable<O> : never;

none<ModelServerOptions>();
none<Part<ModelServerOptions, "batching">>();
none<Part<ModelServerOptions, "threads">>();
none<Part<ModelServerOptions, "manager">>();
none<Part<ModelServerOptions, "metrics">>();
none<Part<ModelServerOptions, "requestLog">>();
none<Part<ModelServerOptions, "modelCache">>();
none<Part<ModelServerOptions, "rest">>();
none<Part<ModelServerOptions, "limits">>();
none<ModelConfig>();
none<Part<ModelConfig, "tflite">>();
none<Part<ModelConfig, "python">>();
none<Part<ModelConfig, "requestLog">>();
none<FirstOf<ModelServer["listenGrpc"]>>();
none<FirstOf<ModelServer["close"]>>();
none<NonNullable<Parameters<ModelServer["reload"]>[1]>>();
none<NonNullable<Parameters<Predictor["predict"]>[1]>>();
none<ServerCallOptions>();
none<LoadModelOptions>();
none<TfliteOptions>();
none<Part<TfliteOptions, "canary">>();
none<OnnxOptions>();
none<TensorFlowOptions>();
none<Part<TensorFlowOptions, "gpu">>();
none<PythonOptions>();
none<PythonModelOptions>();
none<TreeOptions>();
none<FirstOf<typeof filesystemSource>>();
none<FirstOf<typeof drainOnStrayError>>();
none<FirstOf<typeof watchModelConfig>>();
none<FirstOf<typeof customPlatform>>();

// As an app writes it.
declare const maybe: {
  readonly batching: ModelServerOptions["batching"];
  readonly logger: ModelServerOptions["logger"];
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly port: number | undefined;
};
const { batching, logger, threads, signal, port } = maybe;
const models = await createModelServer({
  models: { digits: { basePath: "models/digits", batching: undefined, labels: undefined } },
  ...{ batching, logger, threads, startUpTimeoutMs: undefined, rest: undefined },
});
await models.predict("digits", { image: [1] }, { signal, version: undefined });
await models.listen({ port, host: undefined });
await models.listenGrpc({ port, ssl: undefined });
await models.close({ deadlineMs: undefined });
const digits = await loadModel("models/digits", { version: undefined, signal, logger });
await digits.predict({ image: [1] }, { timeoutMs: undefined, signal });
