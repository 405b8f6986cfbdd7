import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz, writeCorpus } from "./fuzz.js";
import { TARGETS } from "./targets.js";

// `npm run fuzz [-- [reader] [seconds] [seed] [--minutes=30]]`: fuzzes the readers of bytes from outside, for thirty
// minutes in all, or so many, or so many seconds each, and writes the corpus. An input that a reader neither reads nor
// refuses is written to a file.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: "string", default: "30" } },
});
const [name, seconds, seed] = positionals;
const chosen = TARGETS.filter(
  (target) => name === undefined || name === "all" || target.name === name,
);
if (chosen.length === 0) {
  process.stderr.write(
    `expected one of ${TARGETS.map((one) => one.name).join(", ")}; got ${name}\n`,
  );
  process.exit(1);
}
for (const target of chosen) {
  const options = {
    seconds: Number(seconds ?? (60 * Number(values.minutes)) / chosen.length),
    seed: Number(seed ?? Date.now() % 1e6),
  };
  process.stdout.write(`${target.name}: ${options.seconds} s, seed ${options.seed}\n`);
  const result = await fuzz(target, {
    ...options,
    onProgress: ({ runs, corpus }) =>
      void process.stdout.write(`  ${runs} inputs, ${corpus} reached new code\n`),
  });
  const { runs, corpus, findings, slowest, inputs } = result;
  process.stdout.write(
    `  ${runs} inputs, ${corpus} reached new code, ${findings.length} findings; the slowest took ${slowest.ms.toFixed(0)} ms\n`,
  );
  for (const [i, { input, error }] of findings.entries()) {
    const file = join(tmpdir(), `fuzz-${target.name}-${options.seed}-${i}`);
    writeFileSync(file, input);
    process.stdout.write(`  ${file}: ${String((error as Error)?.stack ?? error)}\n`);
    process.exitCode = 1;
  }
  writeCorpus(target.name, inputs.slice(target.seeds.length));
}
