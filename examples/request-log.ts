// Streams a sample of the requests while the server answers them.
import { readFileSync } from "node:fs";
import { formatServableId } from "@serving-kit/core";
import { requestLogStream } from "@serving-kit/observability/request-log";
import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/models/digits`;
const [{ image }] = JSON.parse(readFileSync(`${basePath}/samples.json`, "utf8"));

// #region stream
const requests = requestLogStream();
const server = await createModelServer({
  models: [{ name: "digits", basePath }],
  requestLog: { sink: requests, samplingRate: 1 },
});

async function readRequests() {
  // Each entry is a serialized tensorflow.serving.PredictionLog. The loop ends when the server closes.
  for await (const { api, id, predictionLog } of requests) {
    console.log(`${api} to ${formatServableId(id)}: ${predictionLog.length} bytes`);
  }
}
const reading = readRequests();
// #endregion

const body = JSON.stringify({ instances: [image] });
const url = "http://localhost/v1/models/digits:predict";
const response = await server.fetch(new Request(url, { method: "POST", body }));
console.log(`answered ${response.status}`);
await response.arrayBuffer();
await server.close();
await reading;
