import { setTimeout as delay } from "node:timers/promises";
import { type CrowdName, crowds } from "./attacks/crowds.js";
import { missingFolders } from "./attacks/folders.js";
import { type AttackRequest, type Outcome, valid } from "./attacks/one-request.js";
import { callEvilModels, type EvilModel } from "./attacks/plugins.js";
import { post } from "./clients.js";
import { allowedMb, freed, longestWait, memoryOf, settled } from "./measure.js";
import { inMb, inMs, type Report } from "./report.js";
import { Victim, type VictimOptions } from "./victim.js";

/** The extra time in ms by which a request may delay a health probe, compared with a valid body of its size. */
const EXTRA_MS = 100;
/** The normal difference between peaks of resident memory: the collector decides when it frees. */
const PEAK_SPREAD = 1.1;
/** A peak that is higher than the one before may be the collector's; two in a row are not. */
const MAX_ROUNDS = 3;
const IDLE_MS = 5_000;

/** Runs attacks on a server, which must live through them and end as it should. */
export async function attack(
  report: Report,
  options: VictimOptions,
  run: (server: Victim) => Promise<void>,
): Promise<void> {
  const server = await Victim.start(options);
  await run(server);
  if (!server.isAlive) throw new Error(`the server ended: ${server.output}`);
  report.check((await server.stop()) === 0, "the exit code of the server");
}

/** Sends one request of `size` bytes, and bounds its memory. Resolves with its outcome, and cells of a line. */
export async function attackByRequest(
  report: Report,
  server: Victim,
  { name, make, send }: AttackRequest,
  size: number,
): Promise<{ readonly outcome: Outcome; readonly cells: readonly string[] }> {
  const bytes = make();
  const { tookMb, outcome } = await memoryOf(server, () => send(server, bytes));
  const isCheap = tookMb <= allowedMb(Math.max(bytes.length, size));
  const cheap = report.check(isCheap, `${name}: ${tookMb.toFixed(0)} MB`);
  return { outcome, cells: [inMb(tookMb), String(outcome).padStart(6), name, cheap] };
}

/** The same, and bounds the wait of a health probe meanwhile by that for a valid body. */
export async function attackAndProbe(
  report: Report,
  server: Victim,
  request: AttackRequest,
  size: number,
): Promise<void> {
  const { cells } = await attackByRequest(report, server, request, size);
  const { name, make, send, protocol } = request;
  const bytes = make();
  const usual = valid(size)[protocol];
  const body = usual.make();
  await usual.send(server, body);
  const { longest: baseline } = await longestWait(server, () => usual.send(server, body));
  const { longest } = await longestWait(server, () => send(server, bytes));
  const what = `${name}: a probe waited ${longest.toFixed(0)} ms`;
  const quick = report.checkNoisy(longest <= baseline + EXTRA_MS, what);
  report.line(inMs(longest), inMs(baseline), ...cells, quick);
}

/** Attacks by a small share of crowds, which compiles and fills caches. Resolves with the memory that is left, in MB. */
export async function warmUp(
  server: Victim,
  names: readonly CrowdName[],
  share: number,
): Promise<number> {
  for (const name of names) (await crowds[name](server, share))();
  return settled(server);
}

/** A share of a crowd, and the memory in MB `before` it. */
export interface CrowdAttack {
  readonly name: CrowdName;
  readonly share: number;
  readonly before: number;
}

/**
 * Attacks by a share of a crowd: others are answered, and the memory after it is what it was before. Resolves with the
 * peak in MB.
 */
export async function attackByCrowd(
  report: Report,
  server: Victim,
  { name, share, before }: CrowdAttack,
): Promise<number> {
  server.resetPeak();
  const { longest, outcome: end } = await longestWait(server, () => crowds[name](server, share));
  report.check(await answersOthers(server), `${name}: another client was not answered`);
  const { peak } = server.memory();
  end();
  const after = await freed(server, before * 1.1);
  const isFree = report.check(
    after <= before * 1.1,
    `${name}: ${before} MB before, ${after} after`,
  );
  report.line("  ", inMs(longest), inMb(peak), `${inMb(before)} to${inMb(after)}`, isFree);
  return peak;
}

/** Attacks by a crowd until a round peaks no higher than the one before, at most three times. */
export async function attackInRounds(
  report: Report,
  server: Victim,
  name: CrowdName,
): Promise<void> {
  report.line(name, `(${server.limit})`);
  const before = await warmUp(server, [name], 0.1);
  const peaks: number[] = [];
  const grows = () => {
    const [last, current] = peaks.slice(-2);
    return last === undefined || current === undefined || current > last * PEAK_SPREAD;
  };
  while (peaks.length < MAX_ROUNDS && grows()) {
    peaks.push(await attackByCrowd(report, server, { name, share: 1, before }));
  }
  report.checkNoisy(!grows(), `${name}: peaks of ${peaks.map(inMb)}`);
}

/** Returns whether another client gets a response: 503 while memory is exhausted. */
async function answersOthers(server: Victim): Promise<boolean> {
  const status = await post(server, "/v1/models/strings:predict", '{"inputs":["a"]}');
  return status === 200 || status === 503;
}

/** Reloads with so many models whose folders are missing: bounds the wait of a probe by that of an idle server. */
export async function attackByFolders(
  report: Report,
  server: Victim,
  count: number,
): Promise<void> {
  const idle = () => delay(IDLE_MS);
  const { longest: before } = await longestWait(server, idle);
  const { longest, outcome } = await longestWait(server, () => missingFolders(server, count));
  // Idle again, since the rest of the machine may have become busier: no model has a folder to look at now.
  await missingFolders(server, 0);
  const { longest: after } = await longestWait(server, idle);
  const usual = Math.max(before, after);
  const isFree = longest <= 3 * usual + 50;
  const failed = report.checkNoisy(
    isFree,
    `${count} missing folders: a probe waited ${longest} ms`,
  );
  const waits = [inMs(longest), "idle", inMs(usual), failed];
  report.line(`${count} missing folders: status ${outcome}, probe`, ...waits);
}

/** Calls evil models, which must fail alone and as they should. */
export async function attackByPlugins(
  report: Report,
  rows: readonly EvilModel[],
  flags: readonly string[],
): Promise<void> {
  const models = rows.map(({ model }) => model);
  const options = { flags: [...flags, "--max_num_load_retries=0"], models };
  await attack(report, options, async (server) => {
    const found = await callEvilModels(server, rows);
    report.problems.push(...found.map((problem) => `${flags}: ${problem}`));
    report.line(`${rows.length} evil plugins, ${flags}`, found.length > 0 ? "FAILED" : "");
  });
}
