import { dirname } from "node:path";
import { python } from "@serving-kit/servable-python";
import { createModelServer } from "serving-kit";
import type { Benchmark, Figure } from "../figure.js";
import { sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";
import {
  FEATURES,
  fastApi,
  modelFolder,
  pythonWithFastApi,
  pythonWithNumpy,
} from "../python-pipeline.js";

const WORKERS = 2;
const ROUNDS = 5;
const CONNECTIONS = 16;

const benchmark: Benchmark = {
  name: "Python models over REST against FastAPI with as many uvicorn workers",
  async run() {
    const interpreter = pythonWithNumpy();
    const withFastApi = interpreter && pythonWithFastApi(interpreter);
    if (withFastApi === undefined) return [];
    const server = await createModelServer({
      platforms: [
        python({ interpreter: withFastApi, workers: WORKERS, env: { OMP_NUM_THREADS: "1" } }),
      ],
      models: [{ name: "m", basePath: dirname(modelFolder()) }],
      startUpPolicy: "all",
    });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    try {
      const other = port + 1;
      await using _ = await fastApi(withFastApi, WORKERS, other);
      const ours = `http://127.0.0.1:${port}/v1/models/m:predict`;
      const theirs = `http://127.0.0.1:${other}/predict`;
      return [await compare(ours, theirs, 1, 1.5), await compare(ours, theirs, 64, 4)];
    } finally {
      await server.close();
    }
  },
};
export default benchmark;

async function compare(
  ours: string,
  theirs: string,
  rows: number,
  atLeast: number,
): Promise<Figure> {
  const row = Array.from({ length: FEATURES }, (_, i) => (i % 17) / 16 + 0.123);
  const body = JSON.stringify({ instances: Array(rows).fill(row) });
  const perSecond = async (url: string) => {
    const load = { url, body, connections: CONNECTIONS, seconds: 2 };
    const { perSecond: rate, failed } = await sendHttpLoad(load);
    if (failed > 0) throw new Error(`${failed} requests to ${url} failed`);
    return rate;
  };
  await perSecond(ours);
  await perSecond(theirs);
  const ratios: number[] = [];
  let baseline = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const first = round % 2 === 0;
    const a = await perSecond(first ? ours : theirs);
    const b = await perSecond(first ? theirs : ours);
    ratios.push(first ? a / b : b / a);
    baseline = first ? b : a;
  }
  const name = `REST, ${CONNECTIONS} connections, ${rows} row${rows === 1 ? "" : "s"}, against FastAPI (${Math.round(baseline)} a second)`;
  return { name, value: median(ratios), unit: "x", goal: { atLeast }, spread: spreadOf(ratios) };
}
