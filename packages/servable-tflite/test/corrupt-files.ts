import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The outcome of corrupted files: how many loaded, by which reason others were refused, and worse. */
export interface CorruptionReport {
  loaded: number;
  refused: Record<string, number>;
  /** The corruptions that killed the process that tried them, and how. */
  killed: string[];
  /** The corruptions that had not come to an end after `HANG_MS`. */
  hung: string[];
}

/** One way to spoil a file: keep a prefix, or flip a bit of each of some bytes. */
export type Corruption =
  | { prefix: number }
  | { flips: readonly (readonly [at: number, bit: number])[] };

/** The bytes of a file after a corruption. */
export function corrupted(original: Buffer, corruption: Corruption): Uint8Array {
  if ("prefix" in corruption) return original.subarray(0, corruption.prefix);
  const bytes = Buffer.from(original);
  for (const [at, bit] of corruption.flips) bytes[at] = (bytes[at] as number) ^ (1 << bit);
  return bytes;
}

/** Twice the time of the canary, so that a model that is merely slow is not killed here and accepted there. */
const HANG_MS = 20_000;

/**
 * Loads and warms corrupted copies of a file one after another in a child process, and starts another
 * child where one dies or hangs.
 */
export async function tryCorruptions(
  path: string,
  corruptions: readonly Corruption[],
): Promise<CorruptionReport> {
  const report: CorruptionReport = { loaded: 0, refused: {}, killed: [], hung: [] };
  for (let next = 0; next < corruptions.length; ) {
    next += await tryInChild(path, corruptions.slice(next), report);
  }
  return report;
}

/** Gives how many were tried until the child ended. */
async function tryInChild(
  path: string,
  corruptions: readonly Corruption[],
  report: CorruptionReport,
): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      "--conditions=@serving-kit/source",
      "--import",
      "tsx",
      fileURLToPath(new URL("./corrupt-files-child.ts", import.meta.url)),
    ],
    { stdio: ["ignore", "ignore", "ignore", "ipc"] },
  );
  let tried = 0;
  let isHung = false;
  const watch = () => setTimeout(() => child.kill("SIGKILL"), HANG_MS).unref();
  let watchdog: NodeJS.Timeout | undefined;
  child.on("message", (message: { reason?: string } | "ready") => {
    clearTimeout(watchdog);
    if (message === "ready") child.send({ path, corruptions });
    else {
      tried++;
      if (message.reason === undefined) report.loaded++;
      else report.refused[message.reason] = (report.refused[message.reason] ?? 0) + 1;
    }
    if (tried < corruptions.length) {
      watchdog = watch();
      watchdog.ref();
    }
  });
  const [code, signal] = await once(child, "close");
  clearTimeout(watchdog);
  if (tried === corruptions.length) return tried;
  isHung = signal === "SIGKILL";
  const what = JSON.stringify(corruptions[tried]);
  if (isHung) report.hung.push(what);
  else report.killed.push(`${what}: ${signal ?? `exit code ${code}`}`);
  return tried + 1;
}

/** A generator of numbers that is the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
