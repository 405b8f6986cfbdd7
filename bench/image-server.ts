import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { definePlatform, type Signature, tensor } from "@serving-kit/inference";
import { createModelServer } from "serving-kit";

// A child process that serves the mean of an image until its parent goes: by the kit, by bare grpc-js
// that answers 40 bytes to any request, or by node:http and JSON.parse. It sends its port, and its CPU time
// when it gets any message.

/** The mean, with four sums so that it is not the addition's latency that is measured. */
function mean(values: Float32Array): number {
  const at = (i: number) => values[i] as number;
  let [a, b, c, d] = [0, 0, 0, 0];
  const last = values.length - 3;
  for (let i = 0; i < last; i += 4) {
    a += at(i);
    b += at(i + 1);
    c += at(i + 2);
    d += at(i + 3);
  }
  return (a + b + c + d) / values.length;
}

const signature: Signature = {
  inputs: new Map([["image", { dtype: "float32", shape: [-1, 224, 224, 3] }]]),
  outputs: new Map([["mean", { dtype: "float32", shape: [-1] }]]),
};

const platform = definePlatform({
  name: "mean",
  accepts: async () => true,
  load: async () => ({
    signatures: new Map([["serving_default", signature]]),
    batchable: true,
    async predict({ image }) {
      return { mean: tensor("float32", [1], [mean(image?.data as Float32Array)]) };
    },
  }),
});

async function serveKit(): Promise<number> {
  const basePath = await mkdtemp(join(tmpdir(), "serving-kit-bench-"));
  await mkdir(join(basePath, "1"));
  await writeFile(join(basePath, "1", "mean"), "");
  const server = await createModelServer({
    platforms: [platform()],
    models: [{ name: "mean", basePath }],
    settleMs: 0,
  });
  process.once("disconnect", () => void rm(basePath, { recursive: true, force: true }));
  return (await server.listenGrpc({ port: 0, host: "127.0.0.1" })).port as number;
}

function serveBare(): Promise<number> {
  const asIs = (bytes: Buffer) => bytes;
  const answer = Buffer.alloc(40);
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(
    {
      Predict: {
        path: "/tensorflow.serving.PredictionService/Predict",
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    { Predict: (_: unknown, done: (error: null, bytes: Buffer) => void) => done(null, answer) },
  );
  return new Promise((resolve) => {
    const insecure = ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", insecure, (_, port) => resolve(port));
  });
}

function serveJson(): Promise<number> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { instances } = JSON.parse(Buffer.concat(chunks).toString()) as { instances: number[][] };
    const flat = Float32Array.from((instances as unknown[]).flat(3) as number[]);
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ predictions: [mean(flat)] }));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

const serve = { kit: serveKit, bare: serveBare, json: serveJson };
process.once("disconnect", () => process.exit());
process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.(await serve[process.argv[2] as keyof typeof serve]());
