import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { plainFlags } from "../scripts/source-flags.mjs";
import type { Figure } from "./figure.js";
import { type HttpLoadResult, sendHttpLoad } from "./http-load.js";
import { median, spreadOf } from "./measure.js";

/** The connections that call. */
export const CONNECTIONS = 64;

const ROUNDS = 9;
const SECONDS = 2;

/** A request that is sent again and again. */
export interface RestCall {
  readonly model: string;
  /** The JSON text that is posted. */
  readonly body: string;
  /** The path of the model. Default: the digits of the examples. */
  readonly path?: string;
  /** The program of the server. Default: rest-server.ts. */
  readonly program?: string;
}

/** One window of load. */
interface Window extends HttpLoadResult {
  /** The CPU time of the server's process for one request, in µs. */
  readonly cpuUs: number;
}

/** A server in a process of its own. */
export class RestContender {
  readonly windows: Window[] = [];
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #body: string;

  private constructor(child: ChildProcess, port: number, { model, body }: RestCall) {
    this.#child = child;
    this.#body = body;
    this.url = `http://127.0.0.1:${port}/v1/models/${model}:predict`;
  }

  static async start(kind: string, call: RestCall, answer: unknown = null): Promise<RestContender> {
    const file = call.program ?? fileURLToPath(new URL("./rest-server.ts", import.meta.url));
    const args = [kind, JSON.stringify(answer), call.model, call.path ?? ""];
    const child = fork(file, args, { cwd: dirname(file), execArgv: plainFlags });
    const ended = once(child, "exit").then(() => {
      throw new Error(`the server "${kind}" ended before it listened`);
    });
    const [port] = (await Promise.race([once(child, "message"), ended])) as [number];
    ended.catch(() => {});
    return new RestContender(child, port, call);
  }

  async load(seconds: number): Promise<Window> {
    const before = await this.#cpuUs();
    const result = await sendHttpLoad({
      url: this.url,
      body: this.#body,
      connections: CONNECTIONS,
      seconds,
    });
    const cpuUs = ((await this.#cpuUs()) - before) / (result.perSecond * seconds);
    return { ...result, cpuUs };
  }

  stop(): void {
    this.#child.disconnect();
  }

  async #cpuUs(): Promise<number> {
    this.#child.send("cpu");
    const [{ user, system }] = (await once(this.#child, "message")) as [NodeJS.CpuUsage];
    return user + system;
  }
}

/** The figures of a candidate against its floor, round by round. */
export function compareRest(
  name: string,
  candidate: RestContender,
  floor: RestContender,
  atLeast: number,
): Figure[] {
  const pairs = candidate.windows.map((window, i) => [window, floor.windows[i] as Window] as const);
  const ratios = (of: (window: Window) => number) => pairs.map(([a, b]) => of(a) / of(b));
  const middle = (windows: readonly Window[], of: (window: Window) => number) =>
    median(windows.map(of));
  const speed = ratios(({ perSecond }) => perSecond);
  const late = ratios(({ p99Ms }) => p99Ms);
  return [
    {
      name: `${name}: throughput`,
      value: 100 * median(speed),
      unit: "%",
      goal: { atLeast },
      baseline: 100,
      spread: spreadOf(speed),
    },
    {
      name: `${name}: p99`,
      value: median(late),
      unit: "x",
      goal: { atMost: 2 },
      baseline: 1,
      spread: spreadOf(late),
    },
    {
      name: `${name}: requests a second`,
      value: middle(candidate.windows, ({ perSecond }) => perSecond),
      unit: "req/s",
      baseline: middle(floor.windows, ({ perSecond }) => perSecond),
    },
    {
      name: `${name}: p99 in ms`,
      value: middle(candidate.windows, ({ p99Ms }) => p99Ms),
      unit: "ms",
      baseline: middle(floor.windows, ({ p99Ms }) => p99Ms),
    },
    {
      name: `${name}: CPU time of a request, all threads`,
      value: middle(candidate.windows, ({ cpuUs }) => cpuUs),
      unit: "µs",
      baseline: middle(floor.windows, ({ cpuUs }) => cpuUs),
    },
    {
      name: `${name}: failed`,
      value: pairs.reduce((sum, [a, b]) => sum + a.failed + b.failed, 0),
      unit: "requests",
      goal: { atMost: 0 },
    },
  ];
}

/** Loads the contenders in turn, after a warm-up. */
export async function takeTurns(all: readonly RestContender[]): Promise<void> {
  for (const contender of all) await contender.load(SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < all.length; turn++) {
      const contender = all[(round + turn) % all.length] as RestContender;
      contender.windows.push(await contender.load(SECONDS));
    }
  }
}
