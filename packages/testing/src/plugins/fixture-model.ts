import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DEFAULT_SIGNATURE,
  type DType,
  definePlatform,
  type Platform,
  type PredictOptions,
  type Predictor,
  type Signature,
  signatureOf,
  type Tensor,
  type Tensors,
  tensor,
  validateInputs,
} from "@serving-kit/inference";
import type { ModelConfig } from "@serving-kit/server";
import { FakeStorage } from "../fake-storage.js";

/** The models of the suite: `y = x / 2 + 2`, `y = x / 2 + 3`, and a model that returns as many zeros as `x` says. */
export const MODELS = { half: "half_plus_two", other: "half_plus_three", large: "zeros" } as const;

/** Returns the name of the model that echoes its input of a dtype. */
export const sameModel = (dtype: DType): string => `same_${dtype}`;

/** One run of a model. */
export interface FixtureRun {
  readonly model: string;
  readonly options: PredictOptions;
}

/**
 * The behaviour of the models: they run, throw, hang until their signal aborts, or hang and ignore the signal. Hanging
 * models run when they are released.
 */
export type Behaviour = "runs" | "hangs" | "ignores" | { readonly throws: unknown };

/** The models of one server of the suite, each with one version in an in-memory storage. */
export class FixtureModels {
  readonly runs: FixtureRun[] = [];
  behaviour: Behaviour = "runs";
  readonly platform: Platform;
  readonly configs: readonly ModelConfig[];
  readonly storage = new FakeStorage({ schemes: ["conformance"] });
  readonly #hanging = new Set<() => void>();

  constructor(names: readonly string[]) {
    this.configs = names.map((name) => ({ name, basePath: `conformance://${name}` }));
    for (const { name, basePath } of this.configs) {
      this.storage.publish(basePath, 1n, { model: name });
    }
    this.platform = definePlatform({
      name: "conformance",
      accepts: async () => true,
      load: async ({ path }) => this.#predictor(await readFile(join(path, "model"), "utf8")),
    })();
  }

  /** Releases the runs that hang. */
  release(): void {
    for (const resume of this.#hanging) resume();
  }

  #predictor(model: string): Predictor {
    const dtype = model.startsWith("same_") ? (model.slice("same_".length) as DType) : "float32";
    const spec = { dtype, shape: [-1] };
    const signature: Signature = {
      inputs: new Map([["x", spec]]),
      outputs: new Map([["y", spec]]),
      methodName: "tensorflow/serving/predict",
    };
    const signatures = new Map([[DEFAULT_SIGNATURE, signature]]);
    return {
      signatures,
      batchable: false,
      predict: async (inputs, options = {}) => {
        validateInputs(signatureOf({ signatures }, options.signature), inputs);
        this.runs.push({ model, options });
        await this.#behave(options.signal);
        return { y: compute(model, inputs) };
      },
    };
  }

  async #behave(signal: AbortSignal | undefined): Promise<void> {
    const { behaviour } = this;
    if (typeof behaviour === "object") throw behaviour.throws;
    if (behaviour === "runs") return;
    await new Promise<void>((resume, reject) => {
      this.#hanging.add(resume);
      if (behaviour === "ignores") return;
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/** Returns the expected output for inputs. */
export function compute(model: string, { x }: Tensors): Tensor {
  const { data } = x as Tensor<"float32">;
  if (model === MODELS.large)
    return tensor("float32", [data[0] ?? 0], new Float32Array(data[0] ?? 0));
  if (model.startsWith("same_")) return x as Tensor;
  const b = model === MODELS.other ? 3 : 2;
  return tensor(
    "float32",
    [data.length],
    data.map((value) => value / 2 + b),
  );
}
