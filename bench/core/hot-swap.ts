import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AspiredVersionsManager, type Version } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";
import { filesystemSource } from "@serving-kit/source-filesystem";
import type { Benchmark } from "../figure.js";

const CALLERS = 16;
const SWAP_EVERY_MS = 500;
const DURATION_MS = 30_000;
const TOLERANCE = 1e-4;

const models = fileURLToPath(new URL("../../examples/models/digits/", import.meta.url));

interface Sample {
  readonly image: readonly number[];
  readonly probabilities: readonly number[];
  readonly probabilitiesV2: readonly number[];
}

const samples: readonly Sample[] = JSON.parse(readFileSync(join(models, "samples.json"), "utf8"));
// The two models answer this image most differently, so an answer tells which of them gave it.
const distance = (sample: Sample) =>
  Math.max(...sample.probabilities.map((p, i) => Math.abs(p - (sample.probabilitiesV2[i] ?? 0))));
const sample = [...samples].sort((a, b) => distance(b) - distance(a))[0] as Sample;

/** Odd versions are one model, even ones the other. */
const isFirstModel = (version: Version) => version % 2n === 1n;
const expected = (version: Version) =>
  isFirstModel(version) ? sample.probabilities : sample.probabilitiesV2;

const benchmark: Benchmark = {
  name: `hot swap: ${CALLERS} callers, a new version every ${SWAP_EVERY_MS} ms for ${DURATION_MS / 1000} s`,
  async run() {
    const basePath = mkdtempSync(join(tmpdir(), "hot-swap-"));
    const publish = (version: Version) => {
      const incoming = join(basePath, ".incoming");
      const model = isFirstModel(version) ? "1" : "alternate/2";
      cpSync(join(models, model), incoming, { recursive: true });
      renameSync(incoming, join(basePath, String(version)));
      rmSync(join(basePath, String(version - 3n)), { recursive: true, force: true });
    };
    publish(1n);

    const manager = new AspiredVersionsManager<Predictor>();
    const loaded = new Set<Version>();
    manager.events.subscribe((event) => {
      if (event.kind !== "state") return;
      if (event.state === "available") loaded.add(event.id.version);
      if (event.state === "end") loaded.delete(event.id.version);
    });
    const source = filesystemSource({ servables: [{ name: "digits", basePath }], settleMs: 0 });
    manager.connect(source.pipe(tflite()));
    await manager.available({ name: "digits" }, { timeoutMs: 10_000 });

    let answers = 0;
    let failed = 0;
    let wrong = 0;
    let slowestMs = 0;
    let isOver = false;
    const answered = new Set<Version>();
    const image = tensor("float32", [1, 64], sample.image);
    const call = async () => {
      while (!isOver) {
        const startedAt = performance.now();
        try {
          const digits = manager.acquire({ name: "digits" });
          try {
            const { version } = digits.id;
            const { probabilities } = await digits.servable.predict({ image });
            const isRight = expected(version).every(
              (p, i) => Math.abs(p - Number(probabilities?.data[i])) < TOLERANCE,
            );
            // While it is held it must be loaded, and it must be the model that was asked.
            if (!loaded.has(version) || !isRight) wrong++;
            answered.add(version);
            answers++;
          } finally {
            digits.release();
          }
        } catch {
          failed++;
        }
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const callers = Array.from({ length: CALLERS }, call);
    const end = performance.now() + DURATION_MS;
    let version = 1n;
    while (performance.now() < end) {
      await sleep(SWAP_EVERY_MS);
      publish(++version);
    }
    await manager.available({ name: "digits", version }, { timeoutMs: 10_000 });
    await sleep(SWAP_EVERY_MS);
    isOver = true;
    await Promise.all(callers);
    await manager.close();
    rmSync(basePath, { recursive: true });
    return [
      { name: "hot swap: failed requests", value: failed, unit: "requests", goal: { atMost: 0 } },
      {
        name: "hot swap: answers of a version not loaded",
        value: wrong,
        unit: "requests",
        goal: { atMost: 0 },
      },
      {
        name: "hot swap: versions that answered (baseline: published)",
        value: answered.size,
        unit: "versions",
        goal: { atLeast: 0.9 * Number(version) },
        baseline: Number(version),
      },
      { name: "hot swap: answers", value: (1000 * answers) / DURATION_MS, unit: "req/s" },
      { name: "hot swap: slowest answer", value: slowestMs, unit: "ms" },
    ];
  },
};
export default benchmark;
