import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import express from "express";
import { createModelServer, type ModelServer, type Platform, xgboost } from "serving-kit";

// A child process that answers predictions over REST until its parent goes: by the kit, or with an
// answer that it was given, parsing the body and writing the answer as one does. It sends its port, and
// its CPU time when it gets any message.

const [, , kind = "", answerText = "null", name = "digits", path = ""] = process.argv;
const answer = JSON.parse(answerText);

/** The usual handler: joins the body, JSON.parse, JSON.stringify. */
const bare: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { instances } = JSON.parse(Buffer.concat(chunks).toString());
    const isGood = Array.isArray(instances);
    response.writeHead(isGood ? 200 : 400, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer));
  });
};

/** Reads the body and writes an answer that it has: the most that a handler of node:http can reach. */
const constant: RequestListener = (request, response) => {
  request.on("data", () => {});
  request.on("end", () => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(answerText);
  });
};

function bareExpress(): RequestListener {
  const app = express();
  app.post("/v1/models/digits\\:predict", express.json(), (request, response) => {
    response.status(Array.isArray(request.body.instances) ? 200 : 400).json(answer);
  });
  return app;
}

function kit(basePath: string, platforms: readonly Platform[] = [], batching = true) {
  const models = [{ name, basePath }];
  return createModelServer({ platforms, models, batching, settleMs: 0 });
}

/** Listens by the kit's own server. */
async function listen(server: Promise<ModelServer>): Promise<number> {
  return (await (await server).listen({ port: 0, host: "127.0.0.1" })).port;
}

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

const example = (model: string) =>
  fileURLToPath(new URL(`../examples/models/${model}`, import.meta.url));

async function kitExpress(model: string): Promise<RequestListener> {
  const app = express();
  app.use((await kit(example(model))).rest);
  return app;
}

/** The ports of the contenders. */
const ports: Record<string, () => Promise<number>> = {
  bare: () => serve(bare),
  constant: () => serve(constant),
  "bare express": () => serve(bareExpress()),
  tflite: () => listen(kit(example("digits"))),
  "tflite express": async () => serve(await kitExpress("digits")),
  tensorflow: () => listen(kit(example("digits/savedmodel"))),
  // A row takes a microsecond: there is nothing to join.
  trees: () => listen(kit(path, [xgboost()], false)),
};

process.once("disconnect", () => process.exit());
const port = await ports[kind]?.();
process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.(port);
