import type { ObserverHost, ObserverPeer } from "@serving-kit/server";
import type { Message } from "../messages.js";
import type { MetricValues } from "./metric-values.js";
import { RetiredMetrics } from "./retired-metrics.js";
import { ShownVersions } from "./shown-versions.js";
import { KEPT_BY_PEER_MS, VersionSeries } from "./version-series.js";

/** The parts of the server that `PeerMetrics` uses. */
export type PeerHost = Pick<ObserverHost, "peers" | "states" | "clock">;

/**
 * The metrics of all other event loops. When an event loop ends, its counts from the last read are kept, so that the
 * sum over all event loops never decreases.
 */
export class PeerMetrics {
  readonly #host: PeerHost;
  /** The last reply of each peer. The reply of an ended peer is kept until the next read. */
  readonly #last = new Map<ObserverPeer, readonly MetricValues[]>();
  readonly #retired: RetiredMetrics;
  readonly #shown: ShownVersions;

  constructor(host: PeerHost) {
    this.#host = host;
    this.#retired = new RetiredMetrics(new VersionSeries(host, KEPT_BY_PEER_MS));
    this.#shown = new ShownVersions(host);
  }

  /** Reads all peers. Empty if there was never a peer. */
  async read(): Promise<readonly MetricValues[]> {
    const message: Message = { ask: "metricValues" };
    const asked = [...this.#host.peers()].map(async (peer) => {
      this.#last.set(peer, (await peer.ask(message)) as readonly MetricValues[]);
    });
    await Promise.allSettled(asked);
    // No await from here on, so that each peer counts exactly once: as a live or as a retired one.
    for (const [peer, values] of this.#last) {
      if (!peer.hasEnded) continue;
      this.#retired.add(values);
      this.#last.delete(peer);
    }
    return this.#shown.of([...[...this.#last.values()].flat(), ...this.#retired.values()]);
  }
}
