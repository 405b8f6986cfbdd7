import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../workspace.mjs";

const { credentials, Client } = createRequire(join(root, "packages/server/package.json"))(
  "@grpc/grpc-js",
);

interface Sample {
  readonly image: readonly number[];
  readonly label: number;
}

/** Digits of the examples, each with its label. */
export const samples: readonly Sample[] = JSON.parse(
  readFileSync(join(root, "examples/models/digits/samples.json"), "utf8"),
);

/** No request takes longer. */
const TIMEOUT_MS = 10_000;

/**
 * Sends a request. Resolves with the body of the response, and rejects unless its status is 200.
 *
 * By node:http: the promise of Node 20's fetch never settles when the connection is closed immediately, as Docker's
 * proxy does while nothing listens in the container yet.
 */
export function send(port: number, path: string, method: string, body?: string): Promise<string> {
  const options = { host: "127.0.0.1", port, path, method, timeout: TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${path}: ${response.statusCode} ${answer}`));
      }, reject);
    });
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${path}: no answer`)));
    sent.end(body);
  });
}

/** Sends a GET request, as `send` does. */
export const get = (port: number, path: string): Promise<string> => send(port, path, "GET");

/** The predictions of the REST API for instances: of `T` each, which the caller knows of its model. */
export async function predict<T>(
  port: number,
  path: string,
  instances: readonly unknown[],
): Promise<T[]> {
  const body = JSON.stringify({ instances });
  return JSON.parse(await send(port, `${path}:predict`, "POST", body)).predictions;
}

/** The index of the largest score. */
export const digitOf = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

/** Sends all digits of the samples to the REST API in one request. Resolves with how many were recognized. */
export async function recognizedDigits(
  port: number,
  path = "/v1/models/digits",
): Promise<{ readonly right: number; readonly of: number }> {
  const images = samples.map(({ image }) => image);
  const predictions = await predict<number[]>(port, path, images);
  const right = predictions.filter((scores, i) => digitOf(scores) === samples[i]?.label);
  return { right: right.length, of: samples.length };
}

/** Calls the gRPC health service. Resolves with its status, 1 for SERVING. */
export async function grpcHealth(port: number): Promise<number | undefined> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  try {
    // HealthCheckRequest without a service is empty; HealthCheckResponse is field 1, a varint.
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        same,
        same,
        Buffer.alloc(0),
        { deadline: Date.now() + TIMEOUT_MS },
        (error: Error | null, answer: Buffer) => (error ? reject(error) : resolve(answer[1])),
      );
    });
  } finally {
    client.close();
  }
}

/** Calls until the call succeeds, for as long as a server may take to start. */
export async function eventually<T>(call: () => T | Promise<T>, forMs = 60_000): Promise<T> {
  const until = Date.now() + forMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > until) throw error;
      await delay(200);
    }
  }
}
