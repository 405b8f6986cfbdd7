import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baselineCheckout } from "../baseline-checkout.js";
import type { Benchmark, Figure } from "../figure.js";
import { sendGrpcLoad } from "../grpc-load.js";
import { sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";
import { field, tensorContent } from "../predict-request.js";

const ROUNDS = 9;
const SECONDS = 3;
const root = fileURLToPath(new URL("../..", import.meta.url));
const digits = join(root, "examples/models/digits");

/** The command of one checkout, serving the digits with metrics. */
class Served {
  readonly restPort: number;
  readonly grpcPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, restPort: number, grpcPort: number) {
    this.#child = child;
    this.restPort = restPort;
    this.grpcPort = grpcPort;
  }

  static async start(folder: string, metricsFile: string): Promise<Served> {
    const flags = [
      "--model_name=digits",
      `--model_base_path=${digits}`,
      "--rest_api_port=any",
      "--port=any",
      `--monitoring_config_file=${metricsFile}`,
      "--enable_batching=false", // The default of commits before automatic batching.
    ];
    const args = ["packages/serving-kit/dist/bin.js", ...flags];
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    const port = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) =>
        reject(new Error(`the command of ${folder} ended with ${code}`)),
      );
      child.stdout?.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (/serving digits at /.test(text)) resolve();
      });
    });
    return new Served(
      child,
      port(/REST at http:\/\/localhost:(\d+)/),
      port(/gRPC at localhost:(\d+)/),
    );
  }

  /** CPU time that the process has taken, in ms: user and system, in ticks of 10 ms. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  }

  end(): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill("SIGKILL");
  }
}

/** CPU time of a server for one call, in µs, under a load that resolves with its calls a second. */
async function cost(served: Served, load: () => Promise<{ readonly perSecond: number }>) {
  const before = served.cpuMs;
  const startedAt = performance.now();
  const { perSecond } = await load();
  const calls = (perSecond * (performance.now() - startedAt)) / 1000;
  return (1000 * (served.cpuMs - before)) / calls;
}

const image = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"))[0].image.flat();
const body = JSON.stringify({ instances: [image] });
const bytes = Buffer.concat([
  field(1, field(1, Buffer.from("digits"))),
  tensorContent("image", [1, image.length], Float32Array.from(image)),
]);

const LOADS = {
  REST: ({ restPort }: Served) =>
    sendHttpLoad({
      url: `http://127.0.0.1:${restPort}/v1/models/digits:predict`,
      body,
      connections: 16,
      seconds: SECONDS,
    }),
  gRPC: ({ grpcPort }: Served) =>
    sendGrpcLoad({ port: grpcPort, bytes, connections: 8, seconds: SECONDS }),
};

const benchmark: Benchmark = {
  name: `CPU time of a call against the commit of SERVING_KIT_BASELINE (default: the one before), A/B/A, ${ROUNDS} rounds`,
  async run() {
    const { folder, commit } = await baselineCheckout(
      process.env.SERVING_KIT_BASELINE ?? "HEAD~1",
      ["serving-kit"],
    );
    const files = await mkdtemp(join(tmpdir(), "serving-kit-bench-"));
    const metrics = join(files, "monitoring.txt");
    await writeFile(metrics, "prometheus_config { enable: true }");
    const servers: Served[] = [];
    try {
      for (const where of [folder, root, folder]) servers.push(await Served.start(where, metrics));
      const [first, now, again] = servers as [Served, Served, Served];
      const figures: Figure[] = [];
      for (const [name, load] of Object.entries(LOADS)) {
        for (const served of servers) await load(served); // compiles what is hot
        const [ratios, spread, costs]: number[][] = [[], [], []];
        for (let i = 0; i < ROUNDS; i++) {
          const a = await cost(first, () => load(first));
          const b = await cost(now, () => load(now));
          const a2 = await cost(again, () => load(again));
          ratios?.push((2 * b) / (a + a2));
          spread?.push(a2 / a);
          costs?.push(b);
        }
        figures.push(
          {
            name: `${name}: CPU time of a call over ${commit}`,
            value: median(ratios as number[]),
            unit: "x",
            goal: { atMost: 1.05 * Math.max(1, ...quartiles(spread as number[])) },
            baseline: 1,
            spread: spreadOf(ratios as number[]),
          },
          {
            name: `${name}: ${commit} over itself`,
            value: median(spread as number[]),
            unit: "x",
            spread: spreadOf(spread as number[]),
          },
          { name: `${name}: CPU time of a call`, value: median(costs as number[]), unit: "µs" },
        );
      }
      return figures;
    } finally {
      for (const served of servers) served.end();
      await rm(files, { recursive: true, force: true });
    }
  },
};
export default benchmark;

/** The quartiles of ratios, and what they are the other way round. */
function quartiles(ratios: readonly number[]): number[] {
  const sorted = [...ratios].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 1;
  return [at(0.75), 1 / at(0.25)];
}
