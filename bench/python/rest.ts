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
    const basePath = dirname(modelFolder());
    const server = await createModelServer({
      platforms: [
        python({ interpreter: withFastApi, workers: WORKERS, env: { OMP_NUM_THREADS: "1" } }),
      ],
      // The model says that it is batchable, and a server batches if it is asked to.
      models: [
        { name: "batched", basePath, batching: true },
        { name: "single", basePath },
      ],
      startUpPolicy: "all",
    });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    try {
      const other = port + 1;
      await using _ = await fastApi(withFastApi, WORKERS, other);
      const theirs = `http://127.0.0.1:${other}/predict`;
      const against = (model: string, rows: number, atLeast?: number) => {
        const ours = `http://127.0.0.1:${port}/v1/models/${model}:predict`;
        return compare({ ours, theirs, rows, model, atLeast });
      };
      return [
        await against("batched", 1, 1.5),
        await against("batched", 64, 4),
        await against("single", 1),
        await against("single", 64),
      ];
    } finally {
      await server.close();
    }
  },
};
export default benchmark;

/** Two servers of the pipeline, and the request body. */
interface Comparison {
  readonly ours: string;
  readonly theirs: string;
  readonly rows: number;
  /** The name of the model of ours. */
  readonly model: string;
  readonly atLeast: number | undefined;
}

async function compare({ ours, theirs, rows, model, atLeast }: Comparison): Promise<Figure> {
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
  const what = `${rows} row${rows === 1 ? "" : "s"}, ${model}`;
  const name = `REST, ${CONNECTIONS} connections, ${what}, against FastAPI (${Math.round(baseline)} a second)`;
  const goal = atLeast === undefined ? {} : { goal: { atLeast } };
  return { name, value: median(ratios), unit: "x", spread: spreadOf(ratios), ...goal };
}
