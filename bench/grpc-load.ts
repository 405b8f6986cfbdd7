import { Client, credentials } from "@grpc/grpc-js";

/** The load: the message, and the duration. */
export interface GrpcLoad {
  readonly port: number;
  /** The PredictRequest. */
  readonly bytes: Buffer;
  /** Each with one call at a time. */
  readonly connections: number;
  readonly seconds: number;
}

/** The result. */
export interface GrpcLoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Calls that ended with an error. */
  readonly failed: number;
}

const asIs = (value: Buffer) => value;

/** Makes a client of Predict over a connection of its own, whose messages are bytes. */
export function predictClient(port: number): {
  predict(bytes: Buffer): Promise<Buffer>;
  close(): void;
} {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const path = "/tensorflow.serving.PredictionService/Predict";
  return {
    predict: (bytes) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, asIs, asIs, bytes, (error, answer) => {
          if (error) reject(error);
          else resolve(answer as Buffer);
        });
      }),
    close: () => client.close(),
  };
}

/** Calls Predict repeatedly over all connections, from this process. */
export async function sendGrpcLoad(load: GrpcLoad): Promise<GrpcLoadResult> {
  const { port, bytes, connections, seconds } = load;
  const startedAt = performance.now();
  const endsAt = startedAt + 1000 * seconds;
  const latencies: number[] = [];
  let failed = 0;
  const keepCalling = async () => {
    const client = predictClient(port);
    for (let calledAt = startedAt; calledAt < endsAt; ) {
      calledAt = performance.now();
      await client.predict(bytes).catch(() => failed++);
      latencies.push(performance.now() - calledAt);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: connections }, keepCalling));
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}
