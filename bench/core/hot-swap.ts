import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AspiredVersionsManager, type Version } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";
import { filesystemSource } from "@serving-kit/source-filesystem";
import type { Benchmark, Figure } from "../figure.js";
import { digits, SwappedDigits } from "../swapped-digits.js";

const CALLERS = 16;
const SWAP_EVERY_MS = 500;
const DURATION_MS = 30_000;
const TOLERANCE = 1e-4;

interface Sample {
  readonly image: readonly number[];
  readonly probabilities: readonly number[];
  readonly probabilitiesV2: readonly number[];
}

const samples: readonly Sample[] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));
// The two models answer this image most differently, so an answer tells which of them gave it.
const distance = (sample: Sample) =>
  Math.max(...sample.probabilities.map((p, i) => Math.abs(p - (sample.probabilitiesV2[i] ?? 0))));
const sample = [...samples].sort((a, b) => distance(b) - distance(a))[0] as Sample;

const expected = (version: Version) =>
  version % 2n === 1n ? sample.probabilities : sample.probabilitiesV2;

/** Callers of a model whose versions are swapped, and their answers. */
class Callers {
  answers = 0;
  failed = 0;
  /** Answers of a version that is not loaded, or of another model. */
  wrong = 0;
  slowestMs = 0;
  readonly answered = new Set<Version>();
  readonly #manager: AspiredVersionsManager<Predictor>;
  readonly #loaded = new Set<Version>();
  readonly #image = tensor("float32", [1, 64], sample.image);
  #isOver = false;

  constructor(manager: AspiredVersionsManager<Predictor>) {
    this.#manager = manager;
    manager.events.subscribe((event) => {
      if (event.kind !== "state") return;
      if (event.state === "available") this.#loaded.add(event.id.version);
      if (event.state === "end") this.#loaded.delete(event.id.version);
    });
  }

  /** Calls in turns of the event loop, until `stop`. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      const startedAt = performance.now();
      try {
        await this.#call();
      } catch {
        this.failed++;
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  async #call(): Promise<void> {
    const handle = this.#manager.acquire({ name: "digits" });
    try {
      const { version } = handle.id;
      const { probabilities } = await handle.servable.predict({ image: this.#image });
      const isRight = expected(version).every(
        (p, i) => Math.abs(p - Number(probabilities?.data[i])) < TOLERANCE,
      );
      // While it is held it must be loaded, and it must be the model that was asked.
      if (!this.#loaded.has(version) || !isRight) this.wrong++;
      this.answered.add(version);
      this.answers++;
    } finally {
      handle.release();
    }
  }
}

const figuresOf = (callers: Callers, published: number): Figure[] => [
  {
    name: "hot swap: failed requests",
    value: callers.failed,
    unit: "requests",
    goal: { atMost: 0 },
  },
  {
    name: "hot swap: answers of a version not loaded",
    value: callers.wrong,
    unit: "requests",
    goal: { atMost: 0 },
  },
  {
    name: "hot swap: versions that answered (baseline: published)",
    value: callers.answered.size,
    unit: "versions",
    goal: { atLeast: 0.9 * published },
    baseline: published,
  },
  { name: "hot swap: answers", value: (1000 * callers.answers) / DURATION_MS, unit: "req/s" },
  { name: "hot swap: slowest answer", value: callers.slowestMs, unit: "ms" },
];

const benchmark: Benchmark = {
  name: `hot swap: ${CALLERS} callers, a new version every ${SWAP_EVERY_MS} ms for ${DURATION_MS / 1000} s`,
  async run() {
    using versions = new SwappedDigits();
    let version = versions.publish();
    const manager = new AspiredVersionsManager<Predictor>();
    const callers = new Callers(manager);
    const { basePath } = versions;
    const source = filesystemSource({ servables: [{ name: "digits", basePath }], settleMs: 0 });
    manager.connect(source.pipe(tflite()));
    await manager.available({ name: "digits" }, { timeoutMs: 10_000 });

    const running = Array.from({ length: CALLERS }, () => callers.run());
    const end = performance.now() + DURATION_MS;
    while (performance.now() < end) {
      await sleep(SWAP_EVERY_MS);
      version = versions.publish();
    }
    await manager.available({ name: "digits", version: BigInt(version) }, { timeoutMs: 10_000 });
    await sleep(SWAP_EVERY_MS);
    callers.stop();
    await Promise.all(running);
    await manager.close();
    return figuresOf(callers, version);
  },
};
export default benchmark;
