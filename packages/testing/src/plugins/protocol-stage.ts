import type { Code, ServableHandle } from "@serving-kit/core";
import { isServingError } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import {
  createModelServer,
  type ModelServer,
  type ModelServerOptions,
  type Observer,
  type Protocol,
  type Refusal,
} from "@serving-kit/server";
import { FixtureModels, MODELS } from "./fixture-model.js";
import { GrpcTransport } from "./grpc-transport.js";
import { HttpTransport } from "./http-transport.js";
import type { ServerConformanceOptions } from "./protocol-options.js";
import type { Transport } from "./transports.js";

/** One call, as recorded by an observer. */
export interface ObservedCall {
  readonly api: string;
  readonly model: string;
  /** The number of observed runs of a model. */
  runs: number;
  /** The number of times that it ended. */
  ends: number;
  /** The result of the last end. Undefined until the call ends. */
  end?: Code | "OK" | "UNEXPECTED";
}

/** Options for a stage. */
export interface StageOptions {
  /** The models. Default: those of `MODELS`. */
  readonly models?: readonly string[];
  /** Additional options for the server. Default none. */
  readonly server?: Pick<ModelServerOptions, "authorize" | "limits" | "logger" | "rest">;
  /** Maximum size of a gRPC message in bytes. Default: the server's. */
  readonly maxMessageBytes?: number;
  /** Protocols in addition to the suite's. Default none. */
  readonly protocols?: readonly Protocol[];
  /** Replaces the protocol with one that wraps it. */
  readonly wrap?: (protocol: Protocol) => Protocol;
  /** Called when the server is listening but has not started yet. */
  readonly beforeStart?: (stage: ProtocolStage) => Promise<void>;
}

/** A protocol in a listening server, with models, an observer and clients that the suite controls. */
export class ProtocolStage implements AsyncDisposable {
  readonly calls: ObservedCall[] = [];
  readonly models: FixtureModels;
  readonly protocol: Protocol;
  readonly transports: Transport[] = [];
  /** The refusals that an observer received. */
  readonly refusals: Refusal[] = [];
  readonly #held = new Set<object>();
  server: ModelServer | undefined;

  private constructor(models: FixtureModels, protocol: Protocol) {
    this.models = models;
    this.protocol = protocol;
  }

  static async create(
    options: ServerConformanceOptions,
    stageOptions: StageOptions = {},
  ): Promise<ProtocolStage> {
    const { createServer = createModelServer } = options;
    const { models = Object.values(MODELS), protocols = [], wrap = (p) => p } = stageOptions;
    const protocol = wrap(await options.create());
    const stage = new ProtocolStage(new FixtureModels(models), protocol);
    try {
      stage.server = await createServer({
        platforms: [stage.models.platform],
        sourceProviders: [stage.models.storage.provider],
        models: stage.models.configs,
        protocols: [protocol, ...protocols],
        observers: [stage.#observer()],
        ...{ settleMs: 0, pollIntervalMs: 0, watch: false, startUpPolicy: "all" },
        ...stageOptions.server,
        beforeStart: async (server) => {
          stage.#watch(server.manager);
          await stage.#listen(options, server, stageOptions);
          await stageOptions.beforeStart?.(stage);
        },
      });
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  /** The number of held handles. */
  get held(): number {
    return this.#held.size;
  }

  /** The HTTP transport, if the protocol has routes. */
  get http(): HttpTransport | undefined {
    return this.transports.find((one) => one instanceof HttpTransport);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const transport of this.transports) transport[Symbol.dispose]();
    this.models.release();
    await this.server?.close({ deadlineMs: 0 });
  }

  async #listen(
    { http, grpc }: ServerConformanceOptions,
    server: ModelServer,
    { maxMessageBytes }: StageOptions,
  ): Promise<void> {
    const where = { port: 0, host: "127.0.0.1" };
    if (http) {
      const { port } = await server.listen(where);
      this.transports.push(new HttpTransport(http, port));
    }
    if (grpc) {
      const { port = 0 } = await server.listenGrpc({
        ...where,
        ...(maxMessageBytes !== undefined && { maxMessageBytes }),
      });
      this.transports.push(new GrpcTransport(grpc, port));
    }
  }

  #observer(): Observer {
    const begin = ({ api, model }: { readonly api: string; readonly model: string }) => {
      const call: ObservedCall = { api, model, runs: 0, ends: 0 };
      this.calls.push(call);
      return {
        running: () => {
          call.runs++;
        },
        ran: () => {},
        end: (error?: unknown) => {
          call.ends++;
          call.end = error === undefined ? "OK" : isServingError(error) ? error.code : "UNEXPECTED";
        },
      };
    };
    const refused = (kind: Refusal) => void this.refusals.push(kind);
    return { name: "conformance", observe: () => ({ begin, refused }) };
  }

  /** Counts the handles of the manager itself, because a decorator does not see handles that a call acquires again. */
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
