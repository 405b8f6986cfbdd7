// @ts-nocheck Not yet in TypeScript.
import { crowds } from "./attack/attacks/crowds.mjs";
import { missingFolders } from "./attack/attacks/folders.mjs";
import { requests, valid } from "./attack/attacks/one-request.mjs";
import { callEvilModels, evilModels } from "./attack/attacks/plugins.mjs";
import { post } from "./attack/clients.mjs";
import { allowedMb, freed, longestWait, memoryOf, settled } from "./attack/measure.mjs";
import { startVictim } from "./attack/victim.mjs";

// `npm run test:attack [-- requests | crowds | folders | plugins]`: attacks a server in a child process with little
// memory. Each request may cost ten times its bytes or 32 MB, and delay a health probe no longer than a valid body of
// the same size + 100 ms. With crowds of clients the server stays up and answers others; after a garbage collection
// heap and external memory are back within 10 %, and a second round peaks no higher.
const SIZE = 40e6;
const EXTRA_MS = 100;
const FOLDERS = 20_000;
/** How far peaks of resident memory lie apart by themselves: the collector decides when it frees. */
const PEAK_SPREAD = 1.1;
const problems = [];

const print = (...cells) => process.stdout.write(`${cells.join("  ")}\n`);
const inMs = (ms) => `${ms.toFixed(0).padStart(6)} ms`;
const inMb = (mb) => `${mb.toFixed(0).padStart(5)} MB`;

function check(isKept, what) {
  if (!isKept) problems.push(what);
  return isKept ? "" : "FAILED";
}

/** Runs attacks on a server, which must live through them and end as it should. */
async function attack(options, run) {
  const server = await startVictim(options);
  await run(server);
  if (!server.isAlive) throw new Error(`the server ended: ${server.output()}`);
  check((await server.stop()) === 0, "the exit code of the server");
}

/** Each request on a server of its own: memory that an earlier one left to the process would hide what it takes. */
async function attackByRequests() {
  print(`one request of ${SIZE / 1e6} MB: probe, that of a valid body, memory, status`);
  for (const request of requests(SIZE)) {
    await attack({}, async (server) => {
      const { name, make, send } = request;
      const bytes = make();
      const { tookMb, outcome } = await memoryOf(server, request, bytes);
      const isCheap = tookMb <= allowedMb(Math.max(bytes.length, SIZE));
      const [cheap] = [check(isCheap, `${name}: ${tookMb.toFixed(0)} MB`)];
      const usual = valid(SIZE)[name.slice(0, 4)];
      const body = usual.make();
      await usual.send(server, body);
      const { longest: baseline } = await longestWait(server, () => usual.send(server, body));
      const { longest } = await longestWait(server, () => send(server, bytes));
      const isQuick = longest <= baseline + EXTRA_MS;
      const quick = check(isQuick, `${name}: a probe waited ${longest.toFixed(0)} ms`);
      print(
        inMs(longest),
        inMs(baseline),
        inMb(tookMb),
        String(outcome).padStart(6),
        name,
        cheap,
        quick,
      );
    });
  }
}

async function attackByCrowds() {
  print("crowds of clients: probe, peak, heap and external memory after it");
  for (const [name, crowd] of Object.entries(crowds())) {
    await attack({ flags: ["--stalled_answer_timeout_in_ms=2000"] }, async (server) => {
      print(name, `(${server.limit})`);
      (await crowds(0.1)[name](server))(); // compiles and fills caches
      const before = await settled(server);
      const peaks = [];
      for (let round = 0; round < 2; round++) {
        server.resetPeak();
        const { longest, outcome: end } = await longestWait(server, () => crowd(server));
        const isAnswered = await answersOthers(server);
        check(isAnswered, `${name}: another client was not answered`);
        peaks.push(server.memory().peak);
        end();
        const after = await freed(server, before * 1.1);
        const isFree = check(after <= before * 1.1, `${name}: ${before} MB before, ${after} after`);
        print("  ", inMs(longest), inMb(peaks[round]), `${inMb(before)} to${inMb(after)}`, isFree);
      }
      check(
        peaks[1] <= peaks[0] * PEAK_SPREAD,
        `${name}: the second round peaked at ${peaks[1]} MB`,
      );
    });
  }
}

/** Whether another client gets an answer: 503 while memory is spent. */
async function answersOthers(server) {
  const status = await post(server, "/v1/models/strings:predict", '{"inputs":["a"]}');
  return status === 200 || status === 503;
}

async function attackByFolders() {
  await attack({}, async (server) => {
    const idle = () => new Promise((resolve) => setTimeout(resolve, 5_000));
    const { longest: usual } = await longestWait(server, idle);
    const { longest, outcome } = await longestWait(server, () => missingFolders(server, FOLDERS));
    const isFree = check(longest <= 3 * usual + 50, `a probe waited ${longest} ms`);
    print(
      `${FOLDERS} missing folders: status ${outcome}, probe`,
      inMs(longest),
      "idle",
      inMs(usual),
      isFree,
    );
  });
}

async function attackByPlugins() {
  for (const threads of [1, 2]) {
    const flags = [`--http_threads=${threads}`, "--max_num_load_retries=0"];
    await attack({ flags, models: evilModels }, async (server) => {
      const found = await callEvilModels(server);
      problems.push(...found.map((problem) => `${threads} loops: ${problem}`));
      print(
        `${evilModels.length} evil plugins, loops: ${threads}`,
        check(found.length === 0, "plugins"),
      );
    });
  }
}

const ATTACKS = {
  requests: attackByRequests,
  crowds: attackByCrowds,
  folders: attackByFolders,
  plugins: attackByPlugins,
};

for (const [name, run] of Object.entries(ATTACKS)) {
  if (process.argv.length <= 2 || process.argv.includes(name)) await run();
}
for (const problem of problems) print("FAILED", problem);
process.exitCode = problems.length > 0 ? 1 : 0;
