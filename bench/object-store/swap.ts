import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { FaultProxy } from "../../packages/source-object-store/test/fault-proxy.js";
import { S3_CREDENTIALS, S3Server } from "../../packages/source-object-store/test/s3-server.js";
import type { Benchmark } from "../figure.js";
import { sendHttpLoad } from "../http-load.js";

const SECONDS = 60;
const CONNECTIONS = 32;
const PUBLISH_MS = 3_000;
/** The times at which the store is down, in seconds of the run. */
const OUTAGE = { from: 20, to: 40 };

const models = fileURLToPath(new URL("../../examples/models/digits/", import.meta.url));
const [{ image }] = JSON.parse(readFileSync(join(models, "samples.json"), "utf8"));
const body = JSON.stringify({ instances: [image] });
const file = readFileSync(join(models, "1/model.tflite"));

/** The version that is available. */
async function availableAt(model: string): Promise<number | undefined> {
  const status = (await (await fetch(model)).json()) as {
    model_version_status: { version: string; state: string }[];
  };
  const states = status.model_version_status.filter(({ state }) => state === "AVAILABLE");
  return Math.max(...states.map(({ version }) => Number(version)));
}

const benchmark: Benchmark = {
  name: `hot swaps from a bucket for ${SECONDS} s, ${CONNECTIONS} connections, an outage of ${OUTAGE.to - OUTAGE.from} s`,
  async run() {
    await using server = await S3Server.start();
    await using proxy = await FaultProxy.start(server.endpoint);
    let version = 0;
    const publish = () => {
      version++;
      server.put(`models/digits/${version}/model.tflite`, file, new Date());
      server.put(`models/digits/${version}/_READY`, "", new Date());
    };
    publish();
    const dir = await mkdtemp(join(tmpdir(), "bench-swap-"));
    const program = fileURLToPath(new URL("../bucket-model-server.ts", import.meta.url));
    const env = { ...process.env, ...S3_CREDENTIALS, AWS_ENDPOINT_URL: proxy.endpoint };
    const child = fork(program, ["s3://bucket/models/digits", dir], { env });
    const [{ port }] = (await once(child, "message")) as [{ port: number }];
    const model = `http://127.0.0.1:${port}/v1/models/digits`;
    const load = sendHttpLoad({
      ...{ url: `${model}:predict`, body, connections: CONNECTIONS, seconds: SECONDS },
    });
    let isOver = false;
    const answered = new Set<number>();
    const publishing = async () => {
      for (let atMs = 0; !isOver; atMs += PUBLISH_MS) {
        proxy.isDown = atMs >= OUTAGE.from * 1_000 && atMs < OUTAGE.to * 1_000;
        publish();
        child.send("poll");
        await sleep(PUBLISH_MS);
        const available = await availableAt(model);
        if (available !== undefined) answered.add(available);
      }
    };
    const swaps = publishing();
    const { perSecond, failed } = await load;
    isOver = true;
    await swaps;
    child.disconnect();
    await once(child, "exit");
    await rm(dir, { recursive: true });
    return [
      {
        ...{ name: "requests that failed", unit: "requests" },
        ...{ value: failed, goal: { atMost: 0 } },
      },
      {
        ...{ name: "versions that answered", unit: "versions" },
        ...{ value: answered.size, goal: { atLeast: 10 } },
      },
      { name: "requests that were answered", unit: "1/s", value: perSecond },
    ];
  },
};
export default benchmark;
