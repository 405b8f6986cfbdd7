import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baselineCheckout } from "../baseline-checkout.js";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import { CONNECTIONS, RestContender, takeTurns } from "../rest-contender.js";

/** The commit before `batching: "auto"`. */
const BEFORE = "471cc51c";

const program = fileURLToPath(new URL("../auto-server.ts", import.meta.url));
const models = fileURLToPath(new URL("../../examples/models", import.meta.url));
const [{ image }] = JSON.parse(readFileSync(join(models, "digits/samples.json"), "utf8"));
const body = JSON.stringify({ instances: [image] });
const call = { model: "digits", body, path: join(models, "digits/savedmodel") };

const benchmark: Benchmark = {
  name: `the digits SavedModel over REST with default settings, ${CONNECTIONS} connections`,
  async run() {
    const { folder } = await baselineCheckout(BEFORE, ["serving-kit"]);
    const older = join(folder, "bench/auto-server.ts");
    copyFileSync(program, older);
    const auto = await RestContender.start("auto", { ...call, program });
    const response = await fetch(auto.url, { method: "POST", body });
    const answer = await response.json();
    const bare = await RestContender.start("bare", call, answer);
    const constant = await RestContender.start("constant", call, answer);
    const on = await RestContender.start("on", { ...call, program });
    const off = await RestContender.start("off", { ...call, program });
    const before = await RestContender.start("off", { ...call, program: older });
    const all = [auto, bare, constant, on, off, before];
    await takeTurns(all);
    for (const contender of all) contender.stop();
    return [
      compare("auto over batching on", auto, on, 0.95),
      compare("auto over bare node:http with JSON", auto, bare, 1.15),
      compare("a handler that reads no JSON and writes a constant, over the same", constant, bare),
      compare(`batching off over ${BEFORE}`, off, before, 1.5),
    ];
  },
};
export default benchmark;

function compare(
  name: string,
  candidate: RestContender,
  floor: RestContender,
  atLeast?: number,
): Figure {
  const rates = candidate.windows.map(({ perSecond }) => perSecond);
  const ratios = rates.map((rate, i) => rate / (floor.windows[i]?.perSecond ?? Number.NaN));
  return {
    name: `${name} (${Math.round(median(rates))} requests a second)`,
    value: median(ratios),
    unit: "x",
    ...(atLeast !== undefined && { goal: { atLeast } }),
    spread: spreadOf(ratios),
  };
}
