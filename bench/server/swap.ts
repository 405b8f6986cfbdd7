import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { plainFlags } from "../../scripts/source-flags.mjs";
import type { Benchmark, Figure } from "../figure.js";
import { sendGrpcLoad } from "../grpc-load.js";
import { sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";
import { field, tensorContent } from "../predict-request.js";
import { digits, SwappedDigits } from "../swapped-digits.js";

/** The duration of the swaps. Set SWAP_SECONDS for a shorter run. */
const SECONDS = Number(process.env.SWAP_SECONDS ?? 60);
const SWAP_EVERY_MS = 3_000;
const CONNECTIONS = 32;
/** Number of windows without swaps, alternating with as many with swaps. */
const WINDOWS = Math.max(1, Math.round(SECONDS / 15));
const WINDOW_SECONDS = Math.round(SECONDS / WINDOWS);

const [{ image }] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));
const body = JSON.stringify({ instances: [image] });
const predictRequest = Buffer.concat([
  field(1, field(1, Buffer.from("digits"))),
  tensorContent("image", [1, 64], Float32Array.from(image)),
]);

/** The ports of the server. */
interface Ports {
  readonly rest: number;
  readonly grpc: number;
}

const urlOf = ({ rest }: Ports) => `http://127.0.0.1:${rest}/v1/models/digits`;

/** The results of both transports for one window. */
interface Window {
  readonly restP99Ms: number;
  readonly grpcP99Ms: number;
  readonly requests: number;
  readonly failed: number;
}

/** Sends requests over both transports. */
async function load(server: Ports, seconds: number): Promise<Window> {
  const [overRest, overGrpc] = await Promise.all([
    sendHttpLoad({ url: `${urlOf(server)}:predict`, body, connections: CONNECTIONS, seconds }),
    sendGrpcLoad({ port: server.grpc, bytes: predictRequest, connections: CONNECTIONS, seconds }),
  ]);
  return {
    restP99Ms: overRest.p99Ms,
    grpcP99Ms: overGrpc.p99Ms,
    requests: seconds * (overRest.perSecond + overGrpc.perSecond),
    failed: overRest.failed + overGrpc.failed,
  };
}

/** Numbers of versions: those published, and those that were served before the next came. */
interface Swaps {
  published: number;
  served: number;
}

/** Publishes versions until `isOver`, and counts those that are served in time. */
async function swap(
  server: Ports,
  versions: SwappedDigits,
  swaps: Swaps,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    swaps.published = versions.publish();
    await sleep(SWAP_EVERY_MS);
    const status = await (await fetch(urlOf(server))).json();
    const { model_version_status: states } = status as {
      model_version_status: { version: string; state: string }[];
    };
    const isServed = states.some(
      ({ version, state }) => Number(version) === swaps.published && state === "AVAILABLE",
    );
    if (isServed) swaps.served++;
  }
}

/** The p99 of a transport with swaps, and relative to that without. */
function lateness(name: string, without: readonly number[], swapping: readonly number[]): Figure[] {
  const [base, swapped] = [median(without), median(swapping)];
  return [
    {
      name: `swaps: p99 over ${name} against that without`,
      value: swapped / base,
      unit: "x",
      goal: { atMost: 2 },
      baseline: 1,
      spread: spreadOf(swapping),
    },
    { name: `swaps: p99 over ${name}`, value: swapped, unit: "ms", baseline: base },
  ];
}

function figuresOf(
  without: readonly Window[],
  swapping: readonly Window[],
  { published, served }: Swaps,
): Figure[] {
  const all = [...without, ...swapping];
  const sum = (of: (window: Window) => number) => all.reduce((total, one) => total + of(one), 0);
  const late = (name: string, of: (window: Window) => number) =>
    lateness(name, without.map(of), swapping.map(of));
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
}

const benchmark: Benchmark = {
  name: `a version swap every ${SWAP_EVERY_MS / 1000} s for ${SECONDS} s, ${CONNECTIONS} connections over REST and as many over gRPC`,
  async run() {
    using versions = new SwappedDigits();
    versions.publish();
    const file = fileURLToPath(new URL("../swap-server.ts", import.meta.url));
    const child = fork(file, [versions.basePath], { execArgv: plainFlags });
    const [server] = (await once(child, "message")) as [Ports];
    await load(server, 5);
    const swaps: Swaps = { published: 1, served: 0 };
    const without: Window[] = [];
    const swapping: Window[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      without.push(await load(server, WINDOW_SECONDS));
      let isOver = false;
      const swapped = swap(server, versions, swaps, () => isOver);
      swapping.push(await load(server, WINDOW_SECONDS));
      isOver = true;
      await swapped;
    }
    child.disconnect();
    await once(child, "exit");
    return figuresOf(without, swapping, swaps);
  },
};
export default benchmark;
