import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Coverage } from "./coverage.js";
import { Mutator, randomOf } from "./mutate.js";
import type { FuzzTarget } from "./targets.js";

/** The inputs of a reader that reached code that no other had reached, as text of a file. */
const corpusFile = (name: string) =>
  fileURLToPath(new URL(`./corpus/${name}.json`, import.meta.url));

/** The most inputs of a corpus that are kept, and the most bytes of one. */
const MAX_INPUTS = 200;
const MAX_KEPT_BYTES = 2_048;

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Called with the progress, now and then. */
  readonly onProgress?: (progress: FuzzProgress) => void;
}

export interface FuzzProgress {
  readonly runs: number;
  readonly corpus: number;
}

/** What a reader did that none should. */
export interface FuzzFinding {
  readonly input: Buffer;
  readonly error: unknown;
}

export interface FuzzResult extends FuzzProgress {
  readonly findings: readonly FuzzFinding[];
  /** The input that took the most CPU time, and how much, in ms. */
  readonly slowest: { readonly input: Buffer; readonly ms: number };
  /** All inputs that reached something new. */
  readonly inputs: readonly Uint8Array[];
}

/** The corpus of a reader in the repository. */
export function readCorpus(name: string): Buffer[] {
  if (!existsSync(corpusFile(name))) return [];
  const texts = JSON.parse(readFileSync(corpusFile(name), "utf8")) as string[];
  return texts.map((text) => Buffer.from(text, "base64"));
}

/** Writes the corpus of a reader: the small ones of its inputs. */
export function writeCorpus(name: string, inputs: readonly Uint8Array[]): void {
  const small = inputs.filter(({ length }) => length <= MAX_KEPT_BYTES).slice(0, MAX_INPUTS);
  const texts = small.map((input) => Buffer.from(input).toString("base64"));
  writeFileSync(corpusFile(name), `${JSON.stringify(texts, null, 1)}\n`);
}

/** How many findings end the search. */
const MAX_FINDINGS = 10;

/**
 * Feeds a reader with changed inputs for some time. An input that reaches new code is changed further. Each input
 * must be read or refused: anything else that is thrown is a finding.
 */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { seconds, seed, onProgress } = options;
  using coverage = new Coverage((url) => target.code.some((folder) => url.includes(folder)));
  const mutator = new Mutator(randomOf(seed), target.words);
  const seeds = target.seeds.map((one) => Buffer.from(one as string));
  const findings: FuzzFinding[] = [];
  const messages = new Set<string>();
  const inputs: Uint8Array[] = [];
  let slowest = { input: Buffer.alloc(0), ms: 0 };
  let runs = 0;

  const run = (input: Buffer) => {
    const before = process.cpuUsage();
    try {
      target.read(Buffer.from(input));
    } catch (error) {
      const message = String((error as Error)?.stack ?? error).slice(0, 400);
      if (!target.refuses(error) && !messages.has(message)) {
        messages.add(message);
        findings.push({ input, error });
      }
    }
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1_000;
    if (ms > slowest.ms) slowest = { input, ms };
    runs++;
    if (coverage.take() > 0) inputs.push(input);
  };

  const all = [...seeds, ...readCorpus(target.name)];
  for (const input of all) run(input);
  const end = performance.now() + 1_000 * seconds;
  let nextProgress = performance.now();
  while (performance.now() < end && findings.length < MAX_FINDINGS) {
    for (let i = 0; i < 200; i++) run(mutator.mutate(inputs.length > 0 ? inputs : seeds));
    if (performance.now() >= nextProgress) {
      onProgress?.({ runs, corpus: inputs.length });
      nextProgress += 10_000;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { runs, corpus: inputs.length, findings, slowest, inputs };
}
