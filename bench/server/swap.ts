import { fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../figure.js";
import { sendGrpcLoad } from "../grpc-load.js";
import { sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";
import { field, tensorContent } from "../predict-request.js";

/** The duration of the swaps. Set SWAP_SECONDS for a shorter run. */
const SECONDS = Number(process.env.SWAP_SECONDS ?? 60);
const SWAP_EVERY_MS = 3_000;
const CONNECTIONS = 32;
/** Number of windows without swaps, alternating with as many with swaps. */
const WINDOWS = Math.max(1, Math.round(SECONDS / 15));
const WINDOW_SECONDS = Math.round(SECONDS / WINDOWS);

const models = fileURLToPath(new URL("../../examples/models/digits/", import.meta.url));
const [{ image }] = JSON.parse(readFileSync(join(models, "samples.json"), "utf8"));
const body = JSON.stringify({ instances: [image] });
const predictRequest = Buffer.concat([
  field(1, field(1, Buffer.from("digits"))),
  tensorContent("image", [1, 64], Float32Array.from(image)),
]);

/** The folder of a model, into which versions are moved when they are complete. */
class Versions {
  readonly basePath = mkdtempSync(join(tmpdir(), "swap-"));
  #last = 0;

  publish(): number {
    const version = ++this.#last;
    const incoming = join(this.basePath, ".incoming");
    cpSync(join(models, version % 2 === 1 ? "1" : "alternate/2"), incoming, { recursive: true });
    renameSync(incoming, join(this.basePath, String(version)));
    rmSync(join(this.basePath, String(version - 3)), { recursive: true, force: true });
    return version;
  }
}

/** The results of both transports for one window. */
interface Window {
  readonly restP99Ms: number;
  readonly grpcP99Ms: number;
  readonly requests: number;
  readonly failed: number;
}

const benchmark: Benchmark = {
  name: `a version swap every ${SWAP_EVERY_MS / 1000} s for ${SECONDS} s, ${CONNECTIONS} connections over REST and as many over gRPC`,
  dist: ["serving-kit"],
  async run() {
    const versions = new Versions();
    versions.publish();
    const file = fileURLToPath(new URL("../swap-server.ts", import.meta.url));
    const child = fork(file, [versions.basePath], { execArgv: ["--import", "tsx"] });
    const [{ rest, grpc }] = (await once(child, "message")) as [{ rest: number; grpc: number }];
    const model = `http://127.0.0.1:${rest}/v1/models/digits`;

    const load = async (seconds: number): Promise<Window> => {
      const [overRest, overGrpc] = await Promise.all([
        sendHttpLoad({ url: `${model}:predict`, body, connections: CONNECTIONS, seconds }),
        sendGrpcLoad({ port: grpc, bytes: predictRequest, connections: CONNECTIONS, seconds }),
      ]);
      return {
        restP99Ms: overRest.p99Ms,
        grpcP99Ms: overGrpc.p99Ms,
        requests: seconds * (overRest.perSecond + overGrpc.perSecond),
        failed: overRest.failed + overGrpc.failed,
      };
    };

    let published = 1;
    let served = 0;
    const swap = async (isOver: () => boolean) => {
      while (!isOver()) {
        published = versions.publish();
        await sleep(SWAP_EVERY_MS);
        const status = await (await fetch(model)).json();
        const { model_version_status: states } = status as {
          model_version_status: { version: string; state: string }[];
        };
        const isServed = states.some(
          ({ version, state }) => Number(version) === published && state === "AVAILABLE",
        );
        if (isServed) served++;
      }
    };

    await load(5);
    const without: Window[] = [];
    const swapping: Window[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      without.push(await load(WINDOW_SECONDS));
      let isOver = false;
      const swaps = swap(() => isOver);
      swapping.push(await load(WINDOW_SECONDS));
      isOver = true;
      await swaps;
    }
    child.disconnect();
    await once(child, "exit");
    rmSync(versions.basePath, { recursive: true });

    const all = [...without, ...swapping];
    const sum = (of: (window: Window) => number) => all.reduce((total, one) => total + of(one), 0);
    const late = (name: string, of: (window: Window) => number) => {
      const [base, swapped] = [median(without.map(of)), median(swapping.map(of))];
      return [
        {
          name: `swaps: p99 over ${name} against that without`,
          value: swapped / base,
          unit: "x",
          goal: { atMost: 2 },
          baseline: 1,
          spread: spreadOf(swapping.map(of)),
        },
        { name: `swaps: p99 over ${name}`, value: swapped, unit: "ms", baseline: base },
      ];
    };
    return [
      {
        name: "swaps: failed requests",
        value: sum(({ failed }) => failed),
        unit: "requests",
        goal: { atMost: 0 },
        baseline: sum(({ requests }) => requests),
      },
      {
        name: "swaps: versions served before the next came",
        value: served,
        unit: "versions",
        goal: { atLeast: published - 1 },
        baseline: published - 1,
      },
      ...late("REST", ({ restP99Ms }) => restP99Ms),
      ...late("gRPC", ({ grpcP99Ms }) => grpcP99Ms),
    ];
  },
};
export default benchmark;
