import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringsOf, type Tensor } from "@serving-kit/inference";
import { tfRecord } from "@serving-kit/tensorflow-wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { predictionLogType } from "../proto/schema.js";
import { readWarmUpRequests, WARM_UP_FILE } from "./prediction-log.js";

const log = (fields: object) =>
  Buffer.from(predictionLogType.encode(predictionLogType.fromObject(fields)).finish());

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  await mkdir(join(folder, "assets.extra"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (...records: Uint8Array[]) =>
  writeFile(join(folder, WARM_UP_FILE), Buffer.concat(records.map(tfRecord)));

const predict = log({
  predictLog: {
    request: {
      modelSpec: { signatureName: "half" },
      inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 2 }] }, floatVal: [1, 2] } },
      outputFilter: ["y"],
    },
  },
});

describe("readWarmUpRequests", () => {
  it("returns no records if there is no file", async () => {
    expect(await readWarmUpRequests(join(folder, "elsewhere"))).toEqual([]);
  });

  it("reads predict requests with signature, inputs and outputs", async () => {
    await write(predict);
    expect(await readWarmUpRequests(folder)).toEqual([
      {
        signature: "half",
        inputs: { x: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } },
        outputs: ["y"],
        record: 0,
      },
    ]);
  });

  it("makes calls with serialized examples of the other kinds", async () => {
    const examples = [Buffer.from("1"), Buffer.from("2")];
    const context = { examples, context: Buffer.from("c") };
    await write(
      log({ classifyLog: { request: { input: { exampleList: { examples } } } } }),
      log({ regressLog: { request: { input: { exampleListWithContext: context } } } }),
      log({
        multiInferenceLog: {
          request: {
            tasks: [{ modelSpec: { signatureName: "a" } }, { modelSpec: { signatureName: "b" } }],
            input: { exampleList: { examples } },
          },
        },
      }),
    );
    const requests = await readWarmUpRequests(folder);
    expect(requests.map(({ signature }) => signature)).toEqual([undefined, undefined, "a", "b"]);
    expect(requests.map(({ record }) => record)).toEqual([0, 1, 2, 2]);
    const texts = requests.map(({ inputs }) => stringsOf(inputs.inputs as Tensor<"string">));
    expect(texts.slice(0, 3)).toEqual([
      ["1", "2"],
      ["c1", "c2"],
      ["1", "2"],
    ]);
  });

  it("uses protobuf's defaults for absent fields: a scalar, no inputs; a record without a log", async () => {
    const scalar = { dtype: 9, int64Val: [5] };
    await write(
      log({}),
      log({ predictLog: { request: { inputs: { amount: scalar } } } }),
      log({ predictLog: {} }),
    );
    expect(await readWarmUpRequests(folder)).toEqual([
      {
        inputs: { amount: { dtype: "int64", shape: [], data: BigInt64Array.of(5n) } },
        ...{ outputs: [], record: 1 },
      },
      { inputs: {}, outputs: [], record: 2 },
    ]);
  });

  it.each([
    ["sessionRunLog", 5],
    ["predictStreamedLog", 7],
  ])("refuses a record of %s, naming the file", async (field, number) => {
    await write(log({ [field]: {} }));
    await expect(readWarmUpRequests(folder)).rejects.toMatchObject({
      code: "DATA_LOSS",
      reason: "WARM_UP_INVALID",
      message: `the warm-up file ${join(folder, WARM_UP_FILE)} is not valid: Unsupported log_type for warmup: ${number}. Please verify your warmup data is in TFRecord format.`,
    });
  });

  it("accepts 1,000 records and rejects more", async () => {
    await write(...new Array(1_000).fill(predict));
    expect(await readWarmUpRequests(folder)).toHaveLength(1_000);
    await write(...new Array(1_001).fill(predict));
    await expect(readWarmUpRequests(folder)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "WARM_UP_TOO_LONG",
    });
  });
});
