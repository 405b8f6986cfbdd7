import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tensor } from "@serving-kit/inference";
import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { tensorflow } from "../src/tensorflow.js";
import { load, skipReason, zooPath } from "./zoo.js";

const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];

describe.skipIf(skipReason)(`sharing a predictor with worker threads${skipReason}`, () => {
  it("runs one copy of a model from four workers, and unloads it when all have let go", async () => {
    const child = fileURLToPath(new URL("./share-child.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, child]);
    const facts = JSON.parse(stdout);
    expect(facts.answers).toEqual([300, 300, 300, 300]);
    expect(facts.modelMb).toBeGreaterThan(95);
    expect(facts.perWorkerMb - facts.idleMb).toBeLessThan(15);
    expect(facts.refused).toBe("SHARED_PREDICTOR_INVALID");
    expect(facts.isDisposedWhileHeld).toEqual([false, false, false, false]);
    expect(facts.sessions).toBe(0);
  }, 40_000);

  it("is taken back from a thread that ended without disposing of it", async () => {
    const predictor = await load(zooPath("table"));
    const shared = predictor.share();
    await tensorflow().attach?.(shared);
    let isDisposed = false;
    const disposal = predictor[Symbol.asyncDispose]().then(() => {
      isDisposed = true;
    });
    await turn();
    expect(isDisposed).toBe(false);
    predictor.unshare(shared);
    await disposal;
    predictor.unshare(shared);
  });

  it("is attached by no thread once it is being disposed of, also while a call is in flight", async () => {
    const predictor = await load(zooPath("trouble"), { execution: "thread" });
    const shared = predictor.share();
    const call = predictor.predict({ steps: tensor("int32", [1], [1_000]) }, { signature: "slow" });
    const disposal = predictor[Symbol.asyncDispose]();
    await expect(tensorflow().attach?.(shared)).rejects.toThrow("its predictor is disposed");
    await Promise.all([call, disposal]);
  });

  it("attaches nothing but what a predictor of this process shared", async () => {
    const { attach } = tensorflow();
    await expect(attach?.({ platform: "other" })).rejects.toThrow("it is something else");
    const predictor = await load(zooPath("table"));
    const shared = predictor.share();
    await expect(attach?.({ ...shared, process: 1 } as never)).rejects.toThrow(
      "it comes from process 1",
    );
    await predictor[Symbol.asyncDispose]();
    expect(() => predictor.share()).toThrow("the predictor was disposed");
  });
});
