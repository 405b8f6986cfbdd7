import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tensor } from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";
import { pythonModel } from "../python-model.js";
import { openRaw, type RawSession } from "../raw-session.js";
import { RestContender } from "../rest-contender.js";

const CONNECTIONS = 16;
const COLUMNS = 1_024;
const ROUNDS = 5;
/** Long, because the calls in flight at the end of a window do not count. */
const SERVED_SECONDS = 10;
const SECONDS = 5;
const WARM_UP_SECONDS = 15;

const inputsOf = (rows: number) => {
  const data = Float32Array.from({ length: rows * COLUMNS }, (_, i) => (i % 19) / 20);
  return { x: tensor("float32", [rows, COLUMNS], data) };
};

/** Runs batches of a size for some seconds. Returns the rows a second. */
function loop(session: RawSession, rows: number, seconds: number): number {
  const started = performance.now();
  const endMs = started + 1_000 * seconds;
  let runs = 0;
  for (; performance.now() < endMs; runs++) session.run();
  return (1_000 * runs * rows) / (performance.now() - started);
}

const benchmark: Benchmark = {
  name: `a compute-bound SavedModel over REST with default settings, ${CONNECTIONS} connections`,
  async run() {
    const folder = await pythonModel("convnet");
    const { data } = inputsOf(1).x;
    const body = JSON.stringify({ instances: [Array.from(data, (x) => Math.round(20 * x) / 20)] });
    const program = fileURLToPath(new URL("../auto-server.ts", import.meta.url));
    const call = { model: "convnet", body, path: folder, program };
    const server = await RestContender.start("auto", call);
    const load = async (seconds: number) =>
      (await sendHttpLoad({ url: server.url, body, connections: CONNECTIONS, seconds })).perSecond;
    // Few requests a second: the code of the server is compiled late.
    await load(WARM_UP_SECONDS);
    const loops = [];
    for (const rows of [1, 2, 4, 8, 16]) {
      const session = await openRaw(join(folder, "1"), inputsOf(rows));
      loop(session, rows, 1);
      loops.push({ rows, perSecond: loop(session, rows, SECONDS), session });
    }
    const best = loops.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
    const rounds: { readonly served: number; readonly raw: number }[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      rounds.push({
        raw: loop(best.session, best.rows, SECONDS),
        served: await load(SERVED_SECONDS),
      });
    }
    server.stop();
    const ratios = rounds.map(({ raw, served }) => served / raw);
    return [
      {
        name: `rows a second as a share of the raw loop at its best batch (${best.rows})`,
        value: median(ratios),
        unit: "x",
        goal: { atLeast: 0.94 },
        baseline: 1,
        spread: spreadOf(ratios),
      },
      {
        name: "time of a row in the raw loop",
        value: 1_000 / median(rounds.map(({ raw }) => raw)),
        unit: "ms",
      },
    ];
  },
};
export default benchmark;
