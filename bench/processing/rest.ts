import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { image } from "@serving-kit/processing";
import { loadModel } from "serving-kit";
import sharp from "sharp";
import type { Benchmark } from "../figure.js";
import { sendHttpLoad } from "../http-load.js";
import { cpuMs } from "../measure.js";
import { photograph } from "../photograph.js";

const CONNECTIONS = 16;
const SECONDS = 8;
const CALLS = 15;

const ask = async (child: ChildProcess): Promise<number> => {
  child.send("cpu");
  const [{ cpuMs: ms }] = await once(child, "message");
  return ms;
};

/** CPU time of the server for a call of a model over REST, in ms. */
async function restMs(child: ChildProcess, url: string, body: string): Promise<number> {
  await sendHttpLoad({ url, body, connections: CONNECTIONS, seconds: 2 });
  const before = await ask(child);
  const { perSecond, failed } = await sendHttpLoad({
    ...{ url, body, connections: CONNECTIONS, seconds: SECONDS },
  });
  if (failed > 0) throw new Error(`${failed} calls of ${url} failed`);
  return ((await ask(child)) - before) / (perSecond * SECONDS);
}

/** CPU time of a piece of work in this process, in ms, by as many callers as there are connections. */
async function ownMs(work: () => Promise<unknown>): Promise<number> {
  const repeat = (calls: number) =>
    Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let i = 0; i < calls; i++) await work();
      }),
    );
  await repeat(4); // The thread for pictures starts after the first ones.
  const before = cpuMs();
  await repeat(CALLS);
  return (cpuMs() - before) / (CALLS * CONNECTIONS);
}

const benchmark: Benchmark = {
  name: `MobileNet behind image() over REST, ${CONNECTIONS} connections, CPU time of a call`,
  async run() {
    sharp.concurrency(1);
    const jpeg = await photograph();
    const read = image({ size: 224, dtype: "uint8" });
    const model = await loadModel(new URL("../../examples/models/mobilenet", import.meta.url));
    const pixels = await read(jpeg);
    const decode = await ownMs(() => read(jpeg));
    const predict = await ownMs(() => model.predict({ input: pixels }));
    await model.close();

    const child = fork(new URL("../picture-server.ts", import.meta.url));
    const [{ port }] = await once(child, "message");
    const url = (name: string) => `http://127.0.0.1:${port}/v1/models/${name}:predict`;
    const body = JSON.stringify({ instances: [{ b64: jpeg.toString("base64") }] });
    const echo = await restMs(child, url("echo"), body);
    const whole = await restMs(child, url("photos"), body);
    child.kill();
    return [
      {
        name: "a call over decode with resize, predict and an echo of the same body",
        value: whole / (decode + predict + echo),
        unit: "x",
        goal: { atMost: 1.15 },
        baseline: 1,
      },
      { name: "a call", value: whole, unit: "ms", baseline: decode + predict + echo },
      { name: "decode with resize", value: decode, unit: "ms" },
      { name: "predict", value: predict, unit: "ms" },
      { name: "echo", value: echo, unit: "ms" },
    ];
  },
};
export default benchmark;
