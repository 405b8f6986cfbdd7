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

/** A failure of a reader. */
export interface FuzzFinding {
  readonly input: Buffer;
  readonly error: unknown;
}

export interface FuzzResult extends FuzzProgress {
  readonly findings: readonly FuzzFinding[];
  /** The input that took the most CPU time, and how much, in ms. */
  readonly slowest: { readonly input: Buffer; readonly ms: number };
  /** The seeds, the corpus and all inputs that reached new code. */
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

/** The number of findings that ends the search. */
const MAX_FINDINGS = 10;

/** So many inputs are read between two looks at the coverage. */
const BATCH = 64;

/** A search for inputs of one reader that it neither reads nor refuses. */
class Search {
  readonly findings: FuzzFinding[] = [];
  /** The inputs that reached new code. */
  readonly inputs: Buffer[] = [];
  slowest: FuzzResult["slowest"] = { input: Buffer.alloc(0), ms: 0 };
  runs = 0;
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #messages = new Set<string>();

  constructor(target: FuzzTarget, coverage: Coverage) {
    this.#target = target;
    this.#coverage = coverage;
  }

  /** Reads inputs that are known to reach different code. */
  start(known: readonly Buffer[]): void {
    for (const input of known) this.#run(input);
    this.inputs.push(...known);
    this.#coverage.learn(this.#coverage.take());
  }

  /** Reads inputs, and keeps those that reach new code. */
  runAll(batch: readonly Buffer[]): void {
    for (const input of batch) this.#run(input);
    const fresh = this.#coverage.unknown(this.#coverage.take());
    if (fresh.size > 0) this.#keep(batch, fresh);
  }

  #run(input: Buffer): void {
    const before = process.cpuUsage();
    this.#read(input);
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1_000;
    if (ms > this.slowest.ms) this.slowest = { input, ms };
    this.runs++;
  }

  #read(input: Buffer): void {
    try {
      this.#target.read(Buffer.from(input));
    } catch (error) {
      const message = String((error as Error)?.stack ?? error).replaceAll(/\d+/g, "n");
      if (this.#target.refuses(error) || this.#messages.has(message)) return;
      this.#messages.add(message);
      this.findings.push({ input, error });
    }
  }

  /** Finds the inputs of a batch that reach new code, by halves. */
  #keep(batch: readonly Buffer[], fresh: ReadonlySet<string>): void {
    if (batch.length === 1) {
      this.inputs.push(batch[0] as Buffer);
      this.#coverage.learn(fresh);
      return;
    }
    const middle = batch.length >> 1;
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      for (const input of half) this.#read(input);
      const ofHalf = this.#coverage.unknown(this.#coverage.take());
      if (ofHalf.size > 0) this.#keep(half, ofHalf);
    }
    // Code that runs once in a process, such as what fills a cache.
    this.#coverage.learn(fresh);
  }
}

/**
 * Feeds a reader with changed inputs for some time. An input that reaches new code is changed further. Each input
 * must be read or refused: anything else that is thrown is a finding.
 */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { seconds, seed, onProgress } = options;
  using coverage = new Coverage((url) => target.code.some((folder) => url.includes(folder)));
  const search = new Search(target, coverage);
  const mutator = new Mutator(randomOf(seed), target.words);
  const seeds = target.seeds.map((one) => Buffer.from(one as string));
  search.start([...seeds, ...readCorpus(target.name)]);
  const endsAt = performance.now() + 1_000 * seconds;
  let nextAt = performance.now();
  while (performance.now() < endsAt && search.findings.length < MAX_FINDINGS) {
    search.runAll(Array.from({ length: BATCH }, () => mutator.mutate(search.inputs)));
    if (performance.now() >= nextAt) {
      onProgress?.({ runs: search.runs, corpus: search.inputs.length });
      nextAt += 10_000;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { runs, inputs, findings, slowest } = search;
  return { runs, corpus: inputs.length, findings, slowest, inputs };
}
