// @ts-nocheck Not yet in TypeScript.
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { root } from "../workspace.mjs";

const { credentials, Client } = createRequire(join(root, "packages/server/package.json"))(
  "@grpc/grpc-js",
);
const samples = JSON.parse(readFileSync(join(root, "examples/models/digits/samples.json"), "utf8"));

/** No request takes longer. */
const TIMEOUT_MS = 10_000;

/**
 * By node:http: the promise of Node 20's fetch never settles when the connection is closed at once, as
 * Docker's proxy does while nobody listens in the container yet.
 */
export function send(port, path, method, body) {
  const options = { host: "127.0.0.1", port, path, method, timeout: TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    const sent = request(options, async (response) => {
      const answer = await text(response).catch(reject);
      if (response.statusCode === 200) resolve(answer);
      else reject(new Error(`${path}: ${response.statusCode} ${answer}`));
    });
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${path}: no answer`)));
    sent.end(body);
  });
}

/** The text that a GET request is answered with; fails where it is not a success. */
export const get = (port, path) => send(port, path, "GET");

/** The predictions of the REST API for instances. */
export async function predict(port, path, instances) {
  const body = JSON.stringify({ instances });
  return JSON.parse(await send(port, `${path}:predict`, "POST", body)).predictions;
}

/** Asks the REST API for every digit of the samples at once; gives how many were recognized. */
export async function recognizedDigits(port, path = "/v1/models/digits") {
  const images = samples.map(({ image }) => image);
  const predictions = await predict(port, path, images);
  const isRight = (row, i) => row.indexOf(Math.max(...row)) === samples[i].label;
  return { right: predictions.filter(isRight).length, of: samples.length };
}

/** Asks the gRPC health service; gives its status, 1 for SERVING. */
export async function grpcHealth(port) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const same = (bytes) => bytes;
  try {
    // HealthCheckRequest without a service is empty; HealthCheckResponse is field 1, a varint.
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        same,
        same,
        Buffer.alloc(0),
        { deadline: Date.now() + TIMEOUT_MS },
        (error, answer) => (error ? reject(error) : resolve(answer[1])),
      );
    });
  } finally {
    client.close();
  }
}

/** Calls until it does not fail, for as long as a server may take to start. */
export async function eventually(call, forMs = 60_000) {
  const until = Date.now() + forMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
