import type { Code, ServableHandle } from "@serving-kit/core";
import { isServingError } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import {
  createModelServer,
  type ModelServer,
  type Observer,
  type Protocol,
  type ServerLimits,
} from "@serving-kit/server";
import { FixtureModels, MODELS } from "./fixture-model.js";
import type { ProtocolConformanceOptions } from "./protocol-options.js";
import { GrpcTransport, HttpTransport, type Transport } from "./transports.js";

/** One call as observers see it. */
export interface ObservedCall {
  readonly api: string;
  readonly model: string;
  /** How many runs of a model were observed. */
  runs: number;
  /** Undefined while the call is not over. */
  end?: Code | "OK" | "UNFORESEEN";
}

/** How a stage differs from the usual. */
export interface StageOptions {
  /** The models. Default those of `MODELS`. */
  readonly models?: readonly string[];
  /** Timeout of calls over HTTP in ms. Default the server's. */
  readonly timeoutMs?: number;
  /** Limits of what clients may take. Default the server's. */
  readonly limits?: ServerLimits;
  /** Replaces the protocol by one that wraps it. */
  readonly wrap?: (protocol: Protocol) => Protocol;
  /** Called when the server listens and before it has started. */
  readonly beforeStart?: (stage: ProtocolStage) => Promise<void>;
}

/** A protocol in a server that listens, with models, an observer and clients that the suite controls. */
export class ProtocolStage implements AsyncDisposable {
  readonly calls: ObservedCall[] = [];
  readonly models: FixtureModels;
  readonly protocol: Protocol;
  readonly transports: Transport[] = [];
  readonly #held = new Set<object>();
  server: ModelServer | undefined;

  private constructor(models: FixtureModels, protocol: Protocol) {
    this.models = models;
    this.protocol = protocol;
  }

  static async create(
    options: ProtocolConformanceOptions,
    {
      models = Object.values(MODELS),
      timeoutMs,
      limits,
      wrap = (p) => p,
      beforeStart,
    }: StageOptions = {},
  ): Promise<ProtocolStage> {
    const protocol = wrap(await options.create());
    const stage = new ProtocolStage(new FixtureModels(models), protocol);
    try {
      stage.server = await createModelServer({
        platforms: [stage.models.platform],
        sourceProviders: [stage.models.storage.provider],
        models: stage.models.configs,
        protocols: [protocol],
        observers: [stage.#observer()],
        ...{ settleMs: 0, pollIntervalMs: 0, watch: false, startUpPolicy: "all" },
        ...(timeoutMs !== undefined && { rest: { timeoutMs } }),
        ...(limits && { limits }),
        beforeStart: async (server) => {
          stage.#watch(server.manager);
          await stage.#listen(options, server);
          await beforeStart?.(stage);
        },
      });
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  /** How many handles are held. */
  get held(): number {
    return this.#held.size;
  }

  /** The transport of HTTP, if the protocol has routes. */
  get http(): HttpTransport | undefined {
    return this.transports.find((one) => one instanceof HttpTransport);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const transport of this.transports) transport[Symbol.dispose]();
    this.models.release();
    await this.server?.close({ deadlineMs: 0 });
  }

  async #listen({ http, grpc }: ProtocolConformanceOptions, server: ModelServer): Promise<void> {
    const where = { port: 0, host: "127.0.0.1" };
    if (http) {
      const { port } = await server.listen(where);
      this.transports.push(new HttpTransport(http, port));
    }
    if (grpc) {
      const { port = 0 } = await server.listenGrpc(where);
      this.transports.push(new GrpcTransport(grpc, port));
    }
  }

  #observer(): Observer {
    const begin = ({ api, model }: { readonly api: string; readonly model: string }) => {
      const call: ObservedCall = { api, model, runs: 0 };
      this.calls.push(call);
      return {
        running: () => {
          call.runs++;
        },
        ran: () => {},
        end: (error?: unknown) => {
          call.end = error === undefined ? "OK" : isServingError(error) ? error.code : "UNFORESEEN";
        },
      };
    };
    return { name: "conformance", observe: () => ({ begin }) };
  }

  /** Counts the handles of the manager itself: a decorator does not see those that a call acquires again. */
  #watch(manager: Pick<ModelServer["manager"], "acquire">): void {
    const acquire = manager.acquire.bind(manager);
    manager.acquire = (request) => {
      const handle = acquire(request);
      this.#held.add(handle);
      return new Proxy(handle, { get: (target, key) => this.#member(target, key) });
    };
  }

  #member(handle: ServableHandle<Predictor>, key: string | symbol): unknown {
    if (key === "release" || key === Symbol.dispose) {
      return () => {
        handle.release();
        this.#held.delete(handle);
      };
    }
    return Reflect.get(handle, key, handle);
  }
}
