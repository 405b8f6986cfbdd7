import type { ServableId, ServableRequest } from "@serving-kit/core";
import {
  callTensors,
  type Model,
  type ModelAnswer,
  type ModelCalls,
  plainSignatures,
  type ServerCallOptions,
  type Tensors,
} from "@serving-kit/inference";
import type { CalledVersion, ServableCall, ServerCore } from "../plugins/server-core.js";

/** The name of calls within the process for observers. */
export const LOCAL_API = "Predict";
/** The entrypoint of these calls for observers. */
export const LOCAL_ENTRYPOINT = "in-process";

/** The configuration as `LocalCalls` needs it. */
export interface LocalModels {
  /** Returns the name of a model's platform; undefined if it is detected for each version. */
  platformName(name: string): string | undefined;
}

/** Predictions within the process: `ServerCore.call` without a codec. */
export class LocalCalls implements ModelCalls {
  readonly #core: ServerCore;
  readonly #models: LocalModels;

  constructor(core: ServerCore, models: LocalModels) {
    this.#core = core;
    this.#models = models;
  }

  predict(name: string, inputs: unknown, options?: ServerCallOptions): Promise<never> {
    return this.#call(new LocalCall(name, inputs, options));
  }

  call(name: string, inputs: unknown, options?: ServerCallOptions): Promise<ModelAnswer<never>> {
    return this.#call(new IdentifiedCall(name, inputs, options)) as Promise<ModelAnswer<never>>;
  }

  model(name: string): Model {
    const core = this.#core;
    const describe = () => core.describe({ name });
    const models = this.#models;
    return {
      get signatures() {
        return plainSignatures(describe().signatures);
      },
      get platform() {
        return models.platformName(name);
      },
      get version() {
        return describe().id.version;
      },
      predict: (inputs: unknown, options?: ServerCallOptions) =>
        this.predict(name, inputs, options),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  }

  #call<R>(call: LocalCall<R>): Promise<never> {
    return this.#core.call<Tensors, R>(call, call.options) as Promise<never>;
  }
}

/** Makes one call and returns its outputs. */
class LocalCall<R = Tensors> implements ServableCall<Tensors, R> {
  readonly api = LOCAL_API;
  readonly servable: ServableRequest;
  readonly options: ServerCallOptions;
  readonly #inputs: unknown;

  constructor(name: string, inputs: unknown, options: ServerCallOptions = {}) {
    this.servable = requestOf(name, options);
    this.options = options;
    this.#inputs = inputs;
  }

  run(version: CalledVersion): Promise<Tensors> {
    const { signature, outputs } = this.options;
    const inputs = callTensors(version.predictor, signature, this.#inputs);
    return version.predict({ signature, inputs, outputs });
  }
}

/** Makes one call and returns its outputs and the version. */
class IdentifiedCall extends LocalCall<ModelAnswer<Tensors>> {
  encode(outputs: Tensors, id: ServableId): ModelAnswer<Tensors> {
    return { outputs, id };
  }
}

function requestOf(name: string, { version, label }: ServerCallOptions): ServableRequest {
  if (version === undefined && label === undefined) return { name };
  return {
    name,
    ...(version !== undefined && { version }),
    ...(label !== undefined && { label }),
  };
}
