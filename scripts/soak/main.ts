import { parseArgs } from "node:util";
import { type Answers, learn, runClients, Tally } from "./clients.js";
import { growthOf, type Sample } from "./growth.js";
import { SwappedServer } from "./swapped-server.js";

// `npm run test:soak [-- --minutes=60 --threads=2 --clients=4 --swap_ms=1000]`: keeps a server answering while its model
// is swapped, its configuration read again, and clients break off. Each answer must be right, none may fail, and in
// the last two thirds of the time the anonymous memory of the process must grow by less than 0.2 MB a minute. Garbage is
// collected before each sample, because V8 collects that of a large heap only every ten minutes.
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    threads: { type: "string", default: "2" },
    clients: { type: "string", default: "4" },
    swap_ms: { type: "string", default: "1000" },
  },
});
const minutes = Number(values.minutes);
const MAX_GROWTH = 0.2;
const RELOAD_MS = 2_500;
const SAMPLE_MS = 10_000;

const print = (text: string) => void process.stdout.write(`${text}\n`);

const server = await SwappedServer.start([`--http_threads=${values.threads}`]);
const answers: Answers = { rest: new Set(), grpc: new Set() };
await learn(server, answers);
server.swap();
while (answers.rest.size < 2 || answers.grpc.size < 2) await learn(server, answers);

const tallies = { rest: new Tally(), grpc: new Tally() };
const samples: Sample[] = [];
const engineSamples: Sample[] = [];
const startedAt = performance.now();
const minutesSince = () => (performance.now() - startedAt) / 60_000;
const timers = [
  setInterval(() => server.swap(), Number(values.swap_ms)),
  setInterval(() => server.reload(), RELOAD_MS),
  setInterval(sample, SAMPLE_MS),
  setInterval(report, 60_000),
];
const end = new AbortController();
const isOver = setInterval(() => {
  if (minutesSince() >= minutes || !server.isAlive) end.abort();
}, 100);
const signal = end.signal;
await runClients(server, answers, tallies, { count: Number(values.clients), signal });
for (const timer of [...timers, isOver]) clearInterval(timer);

report();
const isLate = ({ minute }: Sample) => minute >= minutes / 3;
const growth = growthOf(samples.filter(isLate));
const engineGrowth = growthOf(engineSamples.filter(isLate));
const code = server.isAlive ? await server.stop() : "it ended before";
for (const tally of Object.values(tallies)) {
  for (const [why, count] of tally.failures) print(`${count} failed: ${why}`);
}
print(
  `the last two thirds: ${growth.toFixed(2)} MB a minute, the engine's part ${engineGrowth.toFixed(2)}; exit code ${code}`,
);
const bad = Object.values(tallies).reduce((sum, { failed, wrong }) => sum + failed + wrong, 0);
// Less than ten minutes say nothing about growth.
const grows = minutes >= 10 && !(growth < MAX_GROWTH);
process.exitCode = bad > 0 || code !== 0 || grows ? 1 : 0;

async function sample(): Promise<void> {
  const { anonymous, engine } = await server.collectedMb();
  if (!server.isAlive) return;
  samples.push({ minute: minutesSince(), mb: anonymous });
  engineSamples.push({ minute: minutesSince(), mb: engine });
}

function lastOf(all: readonly Sample[]): string {
  return (all.at(-1)?.mb ?? Number.NaN).toFixed(1);
}

function report(): void {
  const count = ({ answered, wrong, failed, left }: Tally) =>
    `${answered} answered, ${failed} failed, ${wrong} wrong, ${left} broken off`;
  const memory = server.isAlive
    ? `${server.rssMb.toFixed(0)} MB, ${lastOf(samples)} of them anonymous after a collection, ${lastOf(engineSamples)} of them the engine's, ${server.descriptors} descriptors`
    : "ended";
  print(
    `${minutesSince().toFixed(1)} min: REST ${count(tallies.rest)}; gRPC ${count(tallies.grpc)}; ` +
      `version ${server.version}; ${memory}`,
  );
}
