import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import autocannon from "autocannon";

/** The load: the request, and the duration. */
export interface HttpLoad {
  readonly url: string;
  /** The JSON text that is posted. */
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

/** The result. */
export interface HttpLoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests that got no answer, or one whose status is not 2xx. */
  readonly failed: number;
}

const run = promisify(execFile);

/** The script gets the body as an environment variable, of which Linux takes 128 KiB. */
const MAX_WRK_BODY = 100_000;

const isWrkThere = await hasWrk();

/** Posts repeatedly over all connections: with wrk and one thread if it is installed, otherwise with autocannon. */
export const sendHttpLoad = (load: HttpLoad): Promise<HttpLoadResult> =>
  isWrkThere && load.body.length < MAX_WRK_BODY ? sendByWrk(load) : sendByAutocannon(load);

async function hasWrk(): Promise<boolean> {
  try {
    await run("wrk", ["--version"]);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code !== "ENOENT"; // its exit code is 1
  }
}

async function sendByWrk({ url, body, connections, seconds }: HttpLoad): Promise<HttpLoadResult> {
  const script = fileURLToPath(new URL("post-json.lua", import.meta.url));
  const args = ["-t1", `-c${connections}`, `-d${seconds}`, "-s", script, url];
  const { stdout } = await run("wrk", args, { env: { ...process.env, BODY: body } });
  const last = JSON.parse(stdout.slice(stdout.lastIndexOf("{")));
  return {
    perSecond: (1e6 * last.requests) / last.durationUs,
    p50Ms: last.p50Us / 1000,
    p99Ms: last.p99Us / 1000,
    failed: last.failed,
  };
}

async function sendByAutocannon(load: HttpLoad): Promise<HttpLoadResult> {
  const { url, body, connections, seconds: duration } = load;
  const headers = { "content-type": "application/json" };
  const done = await autocannon({ url, method: "POST", headers, body, connections, duration });
  return {
    perSecond: done.requests.total / done.duration,
    p50Ms: done.latency.p50,
    p99Ms: done.latency.p99,
    failed: done.errors + done.non2xx,
  };
}
