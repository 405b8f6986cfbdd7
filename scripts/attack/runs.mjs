// @ts-nocheck Not yet in TypeScript.
import { crowds } from "./attacks/crowds.mjs";
import { missingFolders } from "./attacks/folders.mjs";
import { valid } from "./attacks/one-request.mjs";
import { callEvilModels } from "./attacks/plugins.mjs";
import { post } from "./clients.mjs";
import { allowedMb, freed, longestWait, memoryOf, settled } from "./measure.mjs";
import { inMb, inMs } from "./report.mjs";
import { startVictim } from "./victim.mjs";

/** The extra time in ms by which a request may delay a health probe, compared with a valid body of its size. */
const EXTRA_MS = 100;
/** The normal difference between peaks of resident memory: the collector decides when it frees. */
const PEAK_SPREAD = 1.1;
/** A peak that is higher than the one before may be the collector's; two in a row are not. */
const MAX_ROUNDS = 3;
const IDLE_MS = 5_000;

/** Runs attacks on a server, which must live through them and end as it should. */
export async function attack(report, options, run) {
  const server = await startVictim(options);
  await run(server);
  if (!server.isAlive) throw new Error(`the server ended: ${server.output()}`);
  report.check((await server.stop()) === 0, "the exit code of the server");
}

/** Sends one request of `size` bytes, and bounds its memory. Resolves with its status, and cells of a line. */
export async function attackByRequest(report, server, request, size) {
  const { name, make } = request;
  const bytes = make();
  const { tookMb, outcome } = await memoryOf(server, request, bytes);
  const isCheap = tookMb <= allowedMb(Math.max(bytes.length, size));
  const cheap = report.check(isCheap, `${name}: ${tookMb.toFixed(0)} MB`);
  return { outcome, cells: [inMb(tookMb), String(outcome).padStart(6), name, cheap] };
}

/** The same, and bounds the wait of a health probe meanwhile by that for a valid body. */
export async function attackAndProbe(report, server, request, size) {
  const { cells } = await attackByRequest(report, server, request, size);
  const { name, make, send } = request;
  const bytes = make();
  const usual = valid(size)[name.slice(0, 4)];
  const body = usual.make();
  await usual.send(server, body);
  const { longest: baseline } = await longestWait(server, () => usual.send(server, body));
  const { longest } = await longestWait(server, () => send(server, bytes));
  const what = `${name}: a probe waited ${longest.toFixed(0)} ms`;
  const quick = report.checkNoisy(longest <= baseline + EXTRA_MS, what);
  report.line(inMs(longest), inMs(baseline), ...cells, quick);
}

/** Attacks by a small share of crowds, which compiles and fills caches. Resolves with the memory that is left, in MB. */
export async function warmUp(server, names, share) {
  for (const name of names) (await crowds(share)[name](server))();
  return settled(server);
}

/**
 * Attacks by a share of a crowd: others are answered, and the memory after it is what it was `before`. Resolves with
 * the peak in MB.
 */
export async function attackByCrowd(report, server, { name, share, before }) {
  server.resetPeak();
  const crowd = crowds(share)[name];
  const { longest, outcome: end } = await longestWait(server, () => crowd(server));
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
export async function attackInRounds(report, server, name) {
  report.line(name, `(${server.limit})`);
  const before = await warmUp(server, [name], 0.1);
  const peaks = [];
  const grows = () => peaks.length < 2 || peaks.at(-1) > peaks.at(-2) * PEAK_SPREAD;
  while (peaks.length < MAX_ROUNDS && grows()) {
    peaks.push(await attackByCrowd(report, server, { name, share: 1, before }));
  }
  report.checkNoisy(!grows(), `${name}: peaks of ${peaks.map(inMb)}`);
}

/** Returns whether another client gets a response: 503 while memory is exhausted. */
async function answersOthers(server) {
  const status = await post(server, "/v1/models/strings:predict", '{"inputs":["a"]}');
  return status === 200 || status === 503;
}

/** Reloads with so many models whose folders are missing: bounds the wait of a probe by that of an idle server. */
export async function attackByFolders(report, server, count) {
  const idle = () => new Promise((resolve) => setTimeout(resolve, IDLE_MS));
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
export async function attackByPlugins(report, rows, flags) {
  const models = rows.map(({ model }) => model);
  const options = { flags: [...flags, "--max_num_load_retries=0"], models };
  await attack(report, options, async (server) => {
    const found = await callEvilModels(server, rows);
    report.problems.push(...found.map((problem) => `${flags}: ${problem}`));
    report.line(`${rows.length} evil plugins, ${flags}`, found.length > 0 ? "FAILED" : "");
  });
}
