import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { image } from "@serving-kit/processing";
import { loadModel } from "serving-kit";
import sharp from "sharp";
import type { Benchmark } from "../figure.js";
import { sendHttpLoad } from "../http-load.js";
import { cpuMs, median, spreadOf } from "../measure.js";
import { photograph } from "../photograph.js";

const CONNECTIONS = 16;
const ROUNDS = 7;

/** The calls of each caller in this process, and the seconds of load over REST, in a round. */
const CALLS = 8;
const SECONDS = 4;

const ask = async (child: ChildProcess): Promise<number> => {
  child.send("cpu");
  const [{ cpuMs: ms }] = await once(child, "message");
  return ms;
};

/** CPU time of the server for a call of a model over REST, in ms. */
async function restMs(child: ChildProcess, url: string, body: string): Promise<number> {
  const before = await ask(child);
  const { perSecond, failed } = await sendHttpLoad({
    ...{ url, body, connections: CONNECTIONS, seconds: SECONDS },
  });
  if (failed > 0) throw new Error(`${failed} calls of ${url} failed`);
  return ((await ask(child)) - before) / (perSecond * SECONDS);
}

/** CPU time of a piece of work in this process, in ms, by as many callers as there are connections. */
async function ownMs(work: () => Promise<unknown>): Promise<number> {
  const before = cpuMs();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let i = 0; i < CALLS; i++) await work();
    }),
  );
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
    const child = fork(new URL("../picture-server.ts", import.meta.url));
    const [{ port }] = await once(child, "message");
    const url = (name: string) => `http://127.0.0.1:${port}/v1/models/${name}:predict`;
    const body = JSON.stringify({ instances: [{ b64: jpeg.toString("base64") }] });
    const parts = {
      decode: () => ownMs(() => read(jpeg)),
      predict: () => ownMs(() => model.predict({ input: pixels })),
      echo: () => restMs(child, url("echo"), body),
      whole: () => restMs(child, url("photos"), body),
    };
    const rounds: Record<keyof typeof parts, number>[] = [];
    // The first round starts the threads for pictures, and compiles what is hot.
    for (let round = -1; round < ROUNDS; round++) {
      const { decode, predict, echo, whole } = parts;
      const times = {
        ...{ decode: await decode(), predict: await predict() },
        ...{ echo: await echo(), whole: await whole() },
      };
      if (round >= 0) rounds.push(times);
    }
    await model.close();
    child.kill();
    const of = (name: keyof typeof parts) => median(rounds.map((times) => times[name]));
    const ratios = rounds.map(
      ({ decode, predict, echo, whole }) => whole / (decode + predict + echo),
    );
    return [
      {
        name: "a call over decode with resize, predict and an echo of the same body",
        value: median(ratios),
        unit: "x",
        goal: { atMost: 1.15 },
        baseline: 1,
        spread: spreadOf(ratios),
      },
      { name: "a call", value: of("whole"), unit: "ms" },
      { name: "decode with resize", value: of("decode"), unit: "ms" },
      { name: "predict", value: of("predict"), unit: "ms" },
      { name: "echo", value: of("echo"), unit: "ms" },
    ];
  },
};
export default benchmark;
