// Callers predict without interruption while versions of the model are added and removed. Each caller holds a handle
// to its version, and a version is unloaded when no caller holds it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AspiredVersionsManager, RAM_BYTES } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";
import { filesystemSource } from "@serving-kit/source-filesystem";

const CALLERS = 8;
const VERSIONS = 6;
const SWAP_EVERY_MS = 300;

const models = `${import.meta.dirname}/models/digits`;
const basePath = mkdtempSync(`${tmpdir()}/hot-swap-`);
const [{ image }] = JSON.parse(readFileSync(`${models}/samples.json`, "utf8"));

/** Copies a version into place, and then writes the marker that it is complete. */
function publish(version: number) {
  const model = version % 2 === 0 ? `${models}/alternate/2` : `${models}/1`;
  cpSync(model, `${basePath}/${version}`, { recursive: true });
  writeFileSync(`${basePath}/${version}/_READY`, "");
}

publish(1);
const manager = new AspiredVersionsManager<Predictor>({
  // A version that does not fit in memory waits until another one is unloaded.
  resourceLimits: { [RAM_BYTES]: 512 * 1024 ** 2 },
  preLoad: ({ version }) => console.log(`loading version ${version}`),
});
manager.connect(
  // With a marker, the source does not have to wait until files stop changing.
  filesystemSource({ servables: [{ name: "digits", basePath, readyMarker: "_READY" }] }).pipe(
    tflite(),
  ),
);
await manager.available({ name: "digits" });

const answersByVersion = new Map<bigint, number>();
let failed = 0;
let isOver = false;

async function keepPredicting() {
  while (!isOver) {
    try {
      // #region call
      const digits = manager.acquire({ name: "digits" });
      try {
        await digits.servable.predict({ image: tensor("float32", [1, 64], image) });
        const { version } = digits.id;
        answersByVersion.set(version, 1 + (answersByVersion.get(version) ?? 0));
      } finally {
        digits.release();
      }
      // #endregion
    } catch (error) {
      failed++;
      console.error(error);
    }
    await sleep(1);
  }
}

const callers = Array.from({ length: CALLERS }, keepPredicting);
for (let version = 2; version <= VERSIONS; version++) {
  await sleep(SWAP_EVERY_MS);
  publish(version);
  await manager.available({ name: "digits", version }, { timeoutMs: 10_000 });
  console.log(`version ${version} has taken over`);
}
await sleep(SWAP_EVERY_MS);
isOver = true;
await Promise.all(callers);
await manager.close();
rmSync(basePath, { recursive: true });
console.log(`answers came from versions ${[...answersByVersion.keys()].join(", ")}`);
console.log(`failed = ${failed}`);
