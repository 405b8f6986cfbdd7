import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Benchmark, Figure } from "../figure.js";
import { type HttpLoadResult, sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";

const CONNECTIONS = 64;
const ROUNDS = 7;
const SECONDS = 3;

const command = fileURLToPath(new URL("../../packages/serving-kit/dist/bin.js", import.meta.url));
const digits = fileURLToPath(new URL("../../examples/models/digits/", import.meta.url));
const [{ image }] = JSON.parse(readFileSync(`${digits}samples.json`, "utf8"));
const body = JSON.stringify({ instances: [image] });

/** The command with so many event loops, and what was measured of it. */
class Contender {
  readonly windows: HttpLoadResult[] = [];
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = `${url}:predict`;
  }

  static async start(threads: number): Promise<Contender> {
    const model = ["--model_name=digits", `--model_base_path=${digits}`, "--enable_batching"];
    const ports = ["--port=0", "--rest_api_port=any", `--http_threads=${threads}`];
    const child = spawn(process.execPath, [command, ...model, ...ports], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const url = await new Promise<string>((resolve, reject) => {
      const read = (text: string) => {
        output += text;
        const found = /http:\S+\/digits/.exec(output);
        if (found) resolve(found[0]);
      };
      child.stdout.setEncoding("utf8").on("data", read);
      child.stderr.setEncoding("utf8").on("data", read);
      child.once("exit", () => reject(new Error(`the command ended: ${output}`)));
    });
    return new Contender(child, url);
  }

  async load(): Promise<HttpLoadResult> {
    return sendHttpLoad({ url: this.#url, body, connections: CONNECTIONS, seconds: SECONDS });
  }

  get rssMiB(): number {
    const { pid } = this.#child;
    return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])) / 1024;
  }

  stop(): void {
    this.#child.kill();
  }
}

function figuresOf(one: Contender, two: Contender): Figure[] {
  const of = ({ windows }: Contender, key: "perSecond" | "p99Ms") =>
    median(windows.map((window) => window[key]));
  const ratios = two.windows.map(
    ({ perSecond }, i) => perSecond / (one.windows[i]?.perSecond ?? Number.NaN),
  );
  const failed = [...one.windows, ...two.windows].reduce((sum, window) => sum + window.failed, 0);
  return [
    {
      name: "--http_threads=2 against 1: throughput",
      value: median(ratios),
      unit: "x",
      baseline: 1,
      spread: spreadOf(ratios),
    },
    {
      name: "--http_threads=2: requests a second",
      value: of(two, "perSecond"),
      unit: "req/s",
      baseline: of(one, "perSecond"),
    },
    {
      name: "--http_threads=2: p99",
      value: of(two, "p99Ms"),
      unit: "ms",
      baseline: of(one, "p99Ms"),
    },
    {
      name: "--http_threads=2: resident memory after the load",
      value: two.rssMiB,
      unit: "MiB",
      baseline: one.rssMiB,
    },
    { name: "--http_threads: failed", value: failed, unit: "requests", goal: { atMost: 0 } },
  ];
}

const benchmark: Benchmark = {
  name: `two event loops against one, digits over REST, ${CONNECTIONS} connections, load included`,
  async run() {
    const one = await Contender.start(1);
    const two = await Contender.start(2);
    for (const contender of [one, two]) await contender.load();
    for (let round = 0; round < ROUNDS; round++) {
      const turns = round % 2 === 0 ? [one, two] : [two, one];
      for (const contender of turns) contender.windows.push(await contender.load());
    }
    const figures = figuresOf(one, two);
    for (const contender of [one, two]) contender.stop();
    return figures;
  },
};
export default benchmark;
