import {
  type MethodDefinition,
  type ServerWritableStream,
  status,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { errors } from "../errors.js";
import type { InFlight } from "../listening/in-flight.js";
import type { GrpcService } from "../plugins/protocol.js";
import type { ServerCore } from "../plugins/server-core.js";
import { grpcStatus, rawMethod } from "./methods.js";
import { codecOf, HEALTH_PROTO, schemaOf } from "./schema.js";

/** The parts of an event loop that health depends on. */
export interface HealthHost {
  readonly core: Pick<
    ServerCore,
    "versions" | "modelNames" | "isStarted" | "isReady" | "onStateChange"
  >;
  readonly inFlight: InFlight;
  readonly services: readonly Pick<GrpcService, "name" | "health">[];
}

/** The numbers of `HealthCheckResponse.ServingStatus`. */
const STATUS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

const SERVICE = "grpc.health.v1.Health";

const schema = schemaOf([HEALTH_PROTO]);
const request = codecOf<{ readonly service: string }>(schema, "grpc.health.v1.HealthCheckRequest");
const response = codecOf(schema, "grpc.health.v1.HealthCheckResponse");

type WatchCall = ServerWritableStream<Uint8Array, Uint8Array>;

/**
 * gRPC's health checking protocol, based on the states of the models.
 *
 * - `""` and services whose `health` is `ready`, with or without their package: serving if the server is ready.
 * - Services whose `health` is `live`: serving until the server closes.
 * - The name of a model: serving if the server has started and a version of the model is available, regardless of
 *   other models.
 *
 * While the server is a lame duck or closing, health is still reported, as not serving. Watches receive this, and end
 * when the server closes.
 */
export class HealthService {
  static readonly definition: Record<string, MethodDefinition<Uint8Array, Uint8Array>> = {
    Check: rawMethod(SERVICE, "Check"),
    Watch: rawMethod(SERVICE, "Watch", { response: true }),
  };

  readonly #host: HealthHost;
  /** The services by name, with and without their package, and when they are serving. */
  readonly #services = new Map<string, "ready" | "live">([["", "ready"]]);
  /** The last status sent to each watch. */
  readonly #watches = new Map<WatchCall, { readonly service: string; told: number | undefined }>();
  readonly #subscription: Disposable;

  constructor(host: HealthHost) {
    this.#host = host;
    for (const { name, health = "ready" } of host.services) {
      this.#services.set(name, health);
      this.#services.set(name.slice(name.lastIndexOf(".") + 1), health);
    }
    this.#subscription = host.core.onStateChange(() => this.tellAll());
  }

  get implementation(): Record<string, UntypedHandleCall> {
    return {
      Check: (call: { request: Uint8Array }, callback: (...args: unknown[]) => void) => {
        const answer = this.#check(call.request);
        if (answer instanceof Uint8Array) callback(null, answer);
        else callback(answer);
      },
      Watch: (call: WatchCall) => this.#watch(call),
    } as Record<string, UntypedHandleCall>;
  }

  /** Sends changes to each watch. */
  tellAll(): void {
    for (const call of this.#watches.keys()) this.#tell(call);
  }

  /** Sends not serving to all watches, and ends them. */
  close(): void {
    this.#subscription[Symbol.dispose]();
    this.tellAll();
    for (const call of this.#watches.keys()) call.end();
    this.#watches.clear();
  }

  #check(bytes: Uint8Array): Uint8Array | ReturnType<typeof grpcStatus> {
    try {
      const { service } = request.decode(bytes);
      const found = this.#statusOf(service);
      if (found !== STATUS.SERVICE_UNKNOWN) return response.encode({ status: found });
      const known = this.#host.services.map(({ name }) => name.slice(name.lastIndexOf(".") + 1));
      const message = `expected "", ${known.join(", ")} or a model; got ${service}`;
      return grpcStatus({ code: "NOT_FOUND", message });
    } catch (error) {
      return grpcStatus({ code: "INVALID_ARGUMENT", message: (error as Error).message });
    }
  }

  #watch(call: WatchCall): void {
    let service: string;
    try {
      ({ service } = request.decode(call.request));
    } catch (error) {
      call.emit("error", grpcStatus({ code: "INVALID_ARGUMENT", message: String(error) }));
      return;
    }
    if (this.#host.inFlight.isClosing) {
      const { message } = errors.serverClosing();
      call.emit("error", { code: status.UNAVAILABLE, details: message });
      return;
    }
    this.#watches.set(call, { service, told: undefined });
    const forget = () => this.#watches.delete(call);
    call.once("cancelled", forget);
    call.once("close", forget);
    call.once("error", forget);
    this.#tell(call);
  }

  #tell(call: WatchCall): void {
    const watch = this.#watches.get(call);
    if (watch === undefined) return;
    const found = this.#statusOf(watch.service);
    if (found === watch.told) return;
    watch.told = found;
    call.write(response.encode({ status: found }));
  }

  #statusOf(service: string): number {
    const { core, inFlight } = this.#host;
    const status = (isServing: boolean) =>
      isServing && !inFlight.isLeaving ? STATUS.SERVING : STATUS.NOT_SERVING;
    const health = this.#services.get(service);
    if (health !== undefined) return status(health === "live" || core.isReady());
    const states = core.versions(service);
    // Ended versions are also reported for removed models.
    const isLeaving = states.some(({ state }) => state !== "end");
    const isKnown = core.modelNames().includes(service) || isLeaving;
    if (!isKnown) return STATUS.SERVICE_UNKNOWN;
    return status(core.isStarted() && states.some(({ state }) => state === "available"));
  }
}
