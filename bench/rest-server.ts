import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import express from "express";
import { createModelServer, type Platform, xgboost } from "serving-kit";

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

async function kit(
  basePath: string,
  platforms: readonly Platform[] = [],
  batching = true,
): Promise<RequestListener> {
  const models = [{ name, basePath }];
  const server = await createModelServer({ platforms, models, batching, settleMs: 0 });
  return (request, response) => server.rest(request, response);
}

const example = (model: string) =>
  fileURLToPath(new URL(`../examples/models/${model}`, import.meta.url));

async function kitExpress(model: string): Promise<RequestListener> {
  const app = express();
  app.use(await kit(example(model)));
  return app;
}

const listeners: Record<string, () => RequestListener | Promise<RequestListener>> = {
  bare: () => bare,
  constant: () => constant,
  "bare express": bareExpress,
  tflite: () => kit(example("digits")),
  "tflite express": () => kitExpress("digits"),
  tensorflow: () => kit(example("digits/savedmodel")),
  // A row takes a microsecond: there is nothing to join.
  trees: () => kit(path, [xgboost()], false),
};

process.once("disconnect", () => process.exit());
const server = createServer((await listeners[kind]?.()) as RequestListener);
await once(server.listen(0, "127.0.0.1"), "listening");
process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.((server.address() as AddressInfo).port);
