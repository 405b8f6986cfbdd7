import type { ModelConfig } from "../config/model-config.js";
import type { InFlight } from "../listening/in-flight.js";
import type { ModelOutcome, ReloadOptions } from "../models/start-up.js";
import type { ServerCore } from "../server-core.js";

/** Options for a reload that a client asks for. */
export interface RpcReloadOptions extends ReloadOptions {
  /** The client's address. */
  readonly peer: string;
}

/** What the gRPC services need of the server beside what every transport does. */
export interface GrpcHost {
  readonly core: ServerCore;
  readonly inFlight: InFlight;
  /**
   * Contract: `ModelServer.reload`, within the limits of `ModelControl`; but what a client cannot say of a
   * model stays as it is: its batching, its request log, and a platform of its own that is named. Each call is
   * logged with its peer.
   */
  reload(models: readonly ModelConfig[], options: RpcReloadOptions): Promise<ModelOutcome[]>;
  /** The values of these counters by their names: see `ServerMetrics.counts`. All 0 without metrics. */
  counts(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Calls back after every change of a version's state, and when the server has started. */
  onStateChange(listener: () => void): Disposable;
}
