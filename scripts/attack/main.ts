import { type CrowdName, crowds } from "./attacks/crowds.js";
import { requests } from "./attacks/one-request.js";
import { evilModels } from "./attacks/plugins.js";
import { Report } from "./report.js";
import {
  attack,
  attackAndProbe,
  attackByFolders,
  attackByPlugins,
  attackInRounds,
} from "./runs.js";

// `npm run test:attack [-- requests | crowds | folders | plugins] [--http_threads=2]`: attacks a server in a child
// process with little memory, and with these flags. Each request may cost ten times its bytes or 32 MB, and delay a
// health probe no longer than a valid body of the same size + 100 ms. With crowds of clients the server stays up and
// answers others; after a garbage collection heap and external memory are back within 10 %, and further rounds peak no
// higher.
const SIZE = 40e6;
const FOLDERS = 20_000;

const print = (line: string) => void process.stdout.write(`${line}\n`);
const report = new Report(print);
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

const PARTS = {
  /** Each request on a server of its own: memory that an earlier one left to the process would hide what it takes. */
  async requests() {
    print(`one request of ${SIZE / 1e6} MB: probe, that of a valid body, memory, status`);
    for (const request of requests(SIZE)) {
      await attack(report, { flags }, (server) => attackAndProbe(report, server, request, SIZE));
    }
  },
  async crowds() {
    print("crowds of clients: probe, peak, heap and external memory after it");
    const options = { flags: ["--stalled_answer_timeout_in_ms=2000", ...flags] };
    for (const name of Object.keys(crowds) as CrowdName[]) {
      await attack(report, options, (server) => attackInRounds(report, server, name));
    }
  },
  folders: () => attack(report, { flags }, (server) => attackByFolders(report, server, FOLDERS)),
  async plugins() {
    for (const threads of [1, 2]) {
      await attackByPlugins(report, evilModels, [`--http_threads=${threads}`]);
    }
  },
};

for (const [name, run] of Object.entries(PARTS)) {
  if (chosen.length === 0 || chosen.includes(name)) await run();
}
const problems = [...report.problems, ...report.noisyProblems];
for (const problem of problems) print(`FAILED  ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
