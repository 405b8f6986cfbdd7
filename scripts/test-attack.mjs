import { crowds } from "./attack/attacks/crowds.mjs";
import { requests, valid } from "./attack/attacks/one-request.mjs";
import { post } from "./attack/clients.mjs";
import { startVictim } from "./attack/victim.mjs";

// `npm run test:attack [-- --quick]`: attacks a server in a child process with little memory. Each request may cost ten
// times its bytes or 32 MB, and delay a health probe no longer than a valid body of the same size + 100 ms; with crowds
// of clients the server stays up and answers others. `--quick` sends smaller requests, and looks at no times.
const isQuick = process.argv.includes("--quick");
const SIZE = isQuick ? 4e6 : 40e6;
const EXTRA_MS = 100;
const problems = [];

const print = (...cells) => process.stdout.write(`${cells.join("  ")}\n`);

/** How long a health probe waited at most while something ran. */
async function longestWait(server, run) {
  let isOver = false;
  let longest = 0;
  const running = run().finally(() => {
    isOver = true;
  });
  while (!isOver) longest = Math.max(longest, await server.probe());
  return { longest, outcome: await running };
}

function check(isKept, what) {
  if (!isKept) problems.push(what);
  return isKept ? "" : "FAILED";
}

async function attackByRequests() {
  const server = await startVictim();
  print(`one request of ${SIZE / 1e6} MB, server with ${server.limit}`);
  const body = valid(SIZE);
  const predict = () => post(server, "/v1/models/digits:predict", body);
  await longestWait(server, predict);
  const { longest: baseline } = await longestWait(server, predict);
  print(`${baseline.toFixed(0).padStart(6)} ms  a valid body`);
  for (const { name, make, send } of requests(SIZE)) {
    const bytes = make();
    server.resetPeak();
    const before = server.memory().now;
    const { longest, outcome } = await longestWait(server, () => send(server, bytes));
    if (!server.isAlive) throw new Error(`${name}: the server ended: ${server.output()}`);
    const tookMb = Math.max(0, server.memory().peak - before);
    const allowedMb = Math.max(32, (10 * Math.max(bytes.length, SIZE)) / 1e6);
    const isCheap = check(tookMb <= allowedMb, `${name}: ${tookMb.toFixed(0)} MB`);
    const isQuickly = isQuick || longest <= baseline + EXTRA_MS;
    const isOnTime = check(isQuickly, `${name}: a probe waited ${longest.toFixed(0)} ms`);
    const cells = [`${longest.toFixed(0).padStart(6)} ms`, `${tookMb.toFixed(0).padStart(5)} MB`];
    print(...cells, String(outcome).padStart(6), name, isCheap, isOnTime);
  }
  check((await server.stop()) === 0, "the exit code of the server");
}

async function attackByCrowds() {
  const server = await startVictim("--stalled_answer_timeout_in_ms=2000");
  for (const [name, attack] of Object.entries(crowds)) {
    const peaks = [];
    for (let round = 0; round < 2; round++) {
      server.resetPeak();
      const { longest, outcome: end } = await longestWait(server, () => attack(server));
      const status = await post(server, "/v1/models/digits:predict", '{"instances":[[0]]}');
      if (!server.isAlive) throw new Error(`${name}: the server ended: ${server.output()}`);
      check(status === 200 || status === 503, `${name}: another client got ${status}`);
      peaks.push(server.memory().peak);
      end();
      print(
        `${longest.toFixed(0).padStart(6)} ms`,
        `${peaks[round].toFixed(0).padStart(5)} MB`,
        name,
      );
    }
    check(peaks[1] <= peaks[0] * 1.1 + 32, `${name}: the second round peaked at ${peaks} MB`);
  }
  check((await server.stop()) === 0, "the exit code of the server");
}

await attackByRequests();
if (!isQuick) await attackByCrowds();
for (const problem of problems) print("FAILED", problem);
process.exitCode = problems.length > 0 ? 1 : 0;
