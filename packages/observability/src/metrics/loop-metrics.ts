import type { HttpAnswer, ObserverHost, Protocol } from "@serving-kit/server";
import type { Message } from "../messages.js";
import { EXPOSITION_TYPE } from "./exposition.js";
import type { MetricValues } from "./metric-values.js";
import { DEFAULT_METRICS_PATH, type MetricsOptions } from "./metrics-options.js";
import { PeerMetrics } from "./peer-metrics.js";
import { ServerMetrics } from "./server-metrics.js";
import { KEPT_BY_PEER_MS } from "./version-series.js";

/** The metrics of one event loop. Each event loop also serves the page with the sum over all loops. */
export class LoopMetrics implements Disposable {
  readonly metrics: ServerMetrics;
  /** The page, as a protocol with one GET route. */
  readonly page: Protocol;
  readonly #host: ObserverHost;
  readonly #peers: PeerMetrics;

  constructor(host: ObserverHost, options: MetricsOptions) {
    this.#host = host;
    this.metrics = new ServerMetrics(host, options, host.isMain ? undefined : KEPT_BY_PEER_MS);
    this.#peers = new PeerMetrics(host);
    const { path = DEFAULT_METRICS_PATH } = options;
    const handle = () => this.#answer();
    this.page = {
      name: "metrics",
      apis: [],
      http: () => [{ method: "GET", path, whileClosing: true, handle }],
    };
  }

  /** Returns the values of this event loop. */
  values(): MetricValues[] {
    return this.metrics.values();
  }

  /** Returns the bytes of the page. Other event loops request them from the main thread. */
  async read(): Promise<Uint8Array> {
    const message: Message = { ask: "metricsPage" };
    if (!this.#host.isMain) return (await this.#host.askMain(message)) as Uint8Array;
    return this.metrics.read(await this.#peers.read());
  }

  /** Contract: `LoopObserver.counts`. */
  async counts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.metrics.counts(names, await this.#peers.read());
  }

  [Symbol.dispose](): void {
    this.metrics[Symbol.dispose]();
  }

  async #answer(): Promise<HttpAnswer> {
    return { status: 200, contentType: EXPOSITION_TYPE, body: await this.read() };
  }
}
