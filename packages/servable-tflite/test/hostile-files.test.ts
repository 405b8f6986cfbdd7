import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servableId } from "@serving-kit/core";
import { afterAll, describe, expect, it } from "vitest";
import { tflite } from "../src/index.js";
import { type Corruption, corrupted, randomNumbers, tryCorruptions } from "./corrupt-files.js";
import { digits, loaderOf, realModel, testModel } from "./support.js";

/** Flips for each file. The figure of 1,000 is taken with SERVING_KIT_CORRUPTIONS=1000. */
const FLIPS = Number(process.env.SERVING_KIT_CORRUPTIONS ?? 100);

const files = [digits("1/model.tflite"), digits("quantized/1/model.tflite")];

/** Ten files of packages and of the converter: int8, an LSTM, tables, loops, state, signatures, sizes known in a run. */
const realFiles = [
  ...["mlp_int8", "fused_lstm_int8", "attention_scores_int8", "string_lookup", "where"],
  ...["while_constant", "several_signatures", "nms_v5"],
].map((name) => realModel(`small/${name}`));
realFiles.push(realModel("files/litert__resource_vars_calibrated"));
realFiles.push(realModel("files/tfserving__half_plus_two_metadata_signature"));
/** Flips for each of them; a tenth by default, since there are ten. */
const REAL_FLIPS = process.env.SERVING_KIT_CORRUPTIONS ? FLIPS : FLIPS / 10;

function flips(path: string, count: number): Corruption[] {
  const { length } = readFileSync(path);
  const random = randomNumbers(1);
  const byte = () => [Math.floor(random() * length), Math.floor(random() * 8)] as const;
  return Array.from({ length: count }, () => ({ flips: [byte()] }));
}

describe("hostile files", () => {
  it("are rejected when they are a prefix of a model, each of them", async () => {
    const path = testModel("strings");
    const prefixes = Array.from(readFileSync(path), (_, prefix) => ({ prefix }));
    const report = await tryCorruptions(path, prefixes);
    expect(report).toEqual({
      loaded: 0,
      refused: { MODEL_FILE_INVALID: prefixes.length },
      killed: [],
      hung: [],
    });
  });

  it.each(files)(
    `crash and hang nothing with ${FLIPS} random byte flips in %s`,
    async (path) => {
      const { loaded, refused, killed, hung } = await tryCorruptions(path, flips(path, FLIPS));
      expect({ killed, hung }).toEqual({ killed: [], hung: [] });
      const errors = Object.values(refused).reduce((sum, count) => sum + count, 0);
      expect(loaded + errors).toBe(FLIPS);
      expect(Object.keys(refused).filter((reason) => reason.startsWith("not a"))).toEqual([]);
    },
    60_000,
  );
});

describe("hostile real files", () => {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-real-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const id = servableId("real", 1);

  it.each(realFiles)(
    `kill at most the canary with ${REAL_FLIPS} random byte flips in %s`,
    async (path) => {
      const corruptions = flips(path, REAL_FLIPS);
      const { refused, killed, hung } = await tryCorruptions(path, corruptions);
      expect(Object.keys(refused).filter((reason) => reason.startsWith("not a"))).toEqual([]);
      const accepted: string[] = [];
      for (const fatal of [...killed, ...hung]) {
        const corruption = corruptions.find((one) => fatal.startsWith(JSON.stringify(one)));
        const copy = join(folder, "model.tflite");
        writeFileSync(copy, corrupted(readFileSync(path), corruption as Corruption));
        const loader = tflite({ canary: { timeoutMs: 10_000 } }).loader({ path: copy }, id);
        const error = await loader.probe?.({ id, signal: new AbortController().signal }).then(
          () => undefined,
          (reason) => reason,
        );
        if (!/^CANARY_(KILLED|TIMED_OUT)$/.test(error?.reason)) accepted.push(`${fatal}: ${error}`);
      }
      expect(accepted).toEqual([]);
    },
    600_000,
  );
});

describe("the canary", () => {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-canary-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const id = servableId("digits", 3);
  const probe = (path: string, timeoutMs = 15_000) =>
    tflite({ canary: { timeoutMs } })
      .loader({ path }, id)
      .probe?.({ id, signal: new AbortController().signal });

  it("lets a sound version through", () => probe(digits("1")));

  it("rejects a version that kills it, and this process survives", async () => {
    const bytes = readFileSync(testModel("strings"));
    bytes[1_012] = (bytes[1_012] as number) ^ (1 << 2); // found by random flips: a segmentation fault
    const path = join(folder, "model.tflite");
    writeFileSync(path, bytes);
    await expect(probe(path)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "CANARY_KILLED",
      message: expect.stringMatching(
        /^\{name: digits version: 3\} \(.*model\.tflite\) killed .*SIGSEGV/,
      ),
    });
  });

  it("rejects a version that hangs it", async () => {
    await expect(probe(digits("1"), 1)).rejects.toMatchObject({ reason: "CANARY_TIMED_OUT" });
  });

  it("reports the error of loading", async () => {
    const path = join(folder, "nothing");
    await expect(probe(path)).rejects.toMatchObject({ reason: "MODEL_FILE_MISSING" });
  });

  it("is off by default", async () => {
    const path = join(folder, "nothing");
    const { signal } = new AbortController();
    await loaderOf(path).probe?.({ id, signal });
  });
});
