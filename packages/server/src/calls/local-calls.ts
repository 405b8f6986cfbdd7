import type { ServableRequest } from "@serving-kit/core";
import {
  type Model,
  type ModelAnswer,
  type ModelCalls,
  plainSignatures,
  type ServerCallOptions,
  signatureOf,
  type Tensors,
  toTensors,
} from "@serving-kit/inference";
import type { ServerCore } from "../plugins/server-core.js";

/** The name under which calls within the process are observed. */
export const LOCAL_API = "Predict";
/** The entrypoint that observers see of them. */
export const LOCAL_ENTRYPOINT = "in-process";

/** What `LocalCalls` knows of the configuration. */
export interface LocalModels {
  /** The name of the platform of a model; undefined if it is found out for each version. */
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

  async predict(name: string, inputs: unknown, options?: ServerCallOptions): Promise<never> {
    return (await this.#call(name, inputs, options)).outputs as never;
  }

  call(name: string, inputs: unknown, options?: ServerCallOptions): Promise<ModelAnswer<never>> {
    return this.#call(name, inputs, options) as Promise<ModelAnswer<never>>;
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

  #call(
    name: string,
    inputs: unknown,
    { signature, outputs, version, label, signal, timeoutMs }: ServerCallOptions = {},
  ): Promise<ModelAnswer<Tensors>> {
    return this.#core.call<Tensors, ModelAnswer<Tensors>>(
      {
        api: LOCAL_API,
        servable: requestOf(name, version, label),
        run: (called) => {
          const tensors = toTensors(signatureOf(called.predictor, signature), inputs);
          return called.predict({ signature, inputs: tensors, outputs });
        },
        encode: (answer, id) => ({ outputs: answer, id }),
      },
      { signal, timeoutMs },
    );
  }
}

function requestOf(
  name: string,
  version: bigint | number | undefined,
  label: string | undefined,
): ServableRequest {
  if (version === undefined && label === undefined) return { name };
  return {
    name,
    ...(version !== undefined && { version }),
    ...(label !== undefined && { label }),
  };
}
