import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { codecOf } from "./codec.js";
import { GrpcClient, type GrpcFailure } from "./grpc-client.js";

/** One call of a Load: when it was sent, and how it ended: "ok", or a status or an error's code. */
export interface Outcome {
  readonly sentAtMs: number;
  readonly ended: string;
}

/** Asks once and tells how that ended. */
export type Caller = (() => Promise<string>) & Partial<Disposable>;

/** Callers that ask again as soon as they are answered, until they are stopped. */
export class Load implements AsyncDisposable {
  readonly outcomes: Outcome[] = [];
  readonly #callers: readonly Caller[];
  readonly #loops: Promise<void>[];
  #isStopped = false;

  constructor(callers: readonly Caller[]) {
    this.#callers = callers;
    this.#loops = callers.map((ask) => this.#loop(ask));
  }

  async #loop(ask: Caller): Promise<void> {
    while (!this.#isStopped) {
      const sentAtMs = performance.now();
      const ended = await ask();
      this.outcomes.push({ sentAtMs, ended });
      // Whoever is refused comes back a little later.
      if (ended !== "ok") await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Resolves when so many more calls have ended well. */
  async more(count: number): Promise<void> {
    const goal = this.count("ok") + count;
    while (this.count("ok") < goal) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** The number of calls that ended in this way. */
  count(ended: string): number {
    return this.outcomes.filter((outcome) => outcome.ended === ended).length;
  }

  /** The outcomes of the calls that were sent before a time, each once. */
  endsBefore(timeMs: number): string[] {
    const before = this.outcomes.filter(({ sentAtMs }) => sentAtMs < timeMs);
    return [...new Set(before.map(({ ended }) => ended))].sort();
  }

  /** The time at which the last call that has ended was sent. The server has read all earlier calls. */
  get heardAtMs(): number {
    return Math.max(...this.outcomes.map(({ sentAtMs }) => sentAtMs));
  }

  /** The number of different outcomes of the calls. */
  get ends(): string[] {
    return this.endsBefore(Infinity);
  }

  /** Lets every caller end its call. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const caller of this.#callers) caller[Symbol.dispose]?.();
  }
}

/** A caller over REST with a connection of its own, which is kept alive. */
export function restCaller(url: string, body: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async () => {
    const asked = request(url, { method: "POST", agent });
    asked.end(body);
    try {
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      for await (const _ of response);
      return response.statusCode === 200 ? "ok" : String(response.statusCode);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };
  return Object.assign(ask, { [Symbol.dispose]: () => agent.destroy() });
}

/** A caller over gRPC: Predict of one model with these inputs. Its channel reconnects quickly. */
export function grpcCaller(address: string, name: string, inputs: object): Caller {
  const client = new GrpcClient(address, undefined, {
    "grpc.initial_reconnect_backoff_ms": 20,
    "grpc.max_reconnect_backoff_ms": 100,
    "grpc.use_local_subchannel_pool": 1,
  });
  const bytes = codecOf("tensorflow.serving.PredictRequest").encode({
    model_spec: { name },
    inputs,
  });
  const ask = async () => {
    try {
      await client.raw("/tensorflow.serving.PredictionService/Predict", bytes);
      return "ok";
    } catch (error) {
      const { code, message } = error as GrpcFailure;
      return code === 14 && /shutting down/.test(message) ? "refused" : `${code} ${message}`;
    }
  };
  return Object.assign(ask, { [Symbol.dispose]: () => client[Symbol.dispose]() });
}
