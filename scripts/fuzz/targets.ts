import { readFileSync } from "node:fs";
import { isServingError, ServingError } from "../../packages/core/src/index.js";
import type { Signature } from "../../packages/inference/src/index.js";
import {
  readExamplesRequest,
  readMultiInferenceRequest,
} from "../../packages/protocol-tensorflow-serving/src/grpc/example-messages.js";
import { readPredictRequest } from "../../packages/protocol-tensorflow-serving/src/grpc/predict-messages.js";
import { decodeExamples } from "../../packages/protocol-tensorflow-serving/src/rest/decode-examples.js";
import { readModelFile } from "../../packages/servable-tflite/src/model-file.js";
import { parseBatchingParametersFile } from "../../packages/server/src/config/batching-parameters-file.js";
import { parseModelConfig } from "../../packages/server/src/index.js";
import { decodePredict } from "../../packages/tensor-json/src/index.js";
import { decodeTensor, tfRecord, tfRecords } from "../../packages/tensorflow-wire/src/index.js";

/** A reader of bytes from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** The folders of the code whose coverage counts. */
  readonly code: readonly string[];
  readonly seeds: readonly (string | Uint8Array)[];
  readonly words: readonly (string | Uint8Array)[];
  /** Reads an input that it may change. */
  read(bytes: Buffer): void;
  /** Returns whether an error is how the reader refuses an input. */
  refuses(error: unknown): boolean;
}

const MAX_MEMORY = 64 * 2 ** 20;

/** An allowance of memory, in the forms that readers take. */
function allowance() {
  let left = MAX_MEMORY;
  const take = (bytes: number) => {
    left -= bytes;
    if (left < 0) throw new ServingError("RESOURCE_EXHAUSTED", "REQUEST_TOO_COSTLY", "too costly");
  };
  return { take, receive() {}, answer() {}, [Symbol.dispose]() {} };
}

// Readers take an allowance where they have a budget.
// biome-ignore lint/suspicious/noExplicitAny: whichever arguments they have
const withAllowance = (read: (...args: any[]) => any, bytes: Uint8Array) =>
  read(bytes, allowance());

const CODES: ReadonlySet<string> = new Set([
  ...["INVALID_ARGUMENT", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "NOT_FOUND"],
  ...["FAILED_PRECONDITION", "DATA_LOSS"],
]);
const refusesByServingError = (error: unknown) => isServingError(error) && CODES.has(error.code);

/** Errors of the engine: of a stack, an allocation or an index that nothing has bounded. */
const OF_ENGINE =
  /stack size|Invalid .*length|allocation failed|outside the bounds|out of range|not iterable/i;

/** Plain errors and range errors with a sentence of the reader's own. */
const refusesByError = (error: unknown) =>
  refusesByServingError(error) ||
  (error instanceof Error &&
    (error.constructor === Error || error.constructor === RangeError) &&
    !OF_ENGINE.test(error.message));

const signature: Signature = {
  inputs: new Map([
    ["x", { dtype: "float32", shape: [-1, 2] }],
    ["i", { dtype: "int64", shape: [-1] }],
    ["s", { dtype: "string", shape: [-1], isOptional: true }],
    ["b", { dtype: "bool", shape: null, isOptional: true }],
  ]),
  outputs: new Map([["y", { dtype: "float32", shape: [-1] }]]),
};
const lone: Signature = {
  inputs: new Map([["s", { dtype: "string", shape: [-1] }]]),
  outputs: signature.outputs,
};

const json: FuzzTarget = {
  name: "json",
  code: ["packages/tensor-json/src", "packages/protocol-tensorflow-serving/src/rest"],
  seeds: [
    '{"instances":[{"x":[1,2.5e-3],"i":1,"s":"a","b":true},{"x":[-0,1e38],"i":-9,"s":"","b":false}]}',
    '{"signature_name":"t","inputs":{"x":[[1,2]],"i":[3],"s":[{"b64":"QUI="}],"b":[[true]]}}',
    '{"inputs":["\\u00e9\\ud83d\\ude00","b"]}',
    '{"examples":[{"a":1,"b":["x",{"b64":"QQ=="}],"c":[1.5,2]}],"context":{"d":[]}}',
  ],
  words: [
    ...['{"b64":"', '"instances":', '"inputs":', '"signature_name":', '"examples":', '"context":'],
    ...[
      "true",
      "null",
      "NaN",
      "-Infinity",
      "1e400",
      "-0.0",
      "\\u0000",
      "\\ud800",
      "[[",
      "]]",
      "{}",
    ],
    ...['"__proto__":', '"x":', '"i":', ",", " ", "9007199254740993", '""'],
  ],
  read(bytes) {
    const signatureOf = (name: string | undefined) => (name === "t" ? signature : lone);
    const asked: Error[] = [];
    for (const read of [
      () => (decodePredict as Reader)(Buffer.from(bytes), signatureOf, allowance()),
      () => (decodePredict as Reader)(Buffer.from(bytes), () => signature, allowance()),
      () => withAllowance(decodeExamples, Buffer.from(bytes)),
    ]) {
      try {
        read();
      } catch (error) {
        if (!refusesByServingError(error)) throw error;
        asked.push(error as Error);
      }
    }
    if (asked[0]) throw asked[0];
  },
  refuses: refusesByServingError,
};

// biome-ignore lint/suspicious/noExplicitAny: readers with and without an allowance
type Reader = (...args: any[]) => any;

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const wire: FuzzTarget = {
  name: "wire",
  code: ["packages/tensorflow-wire/src", "packages/protocol-tensorflow-serving/src/grpc"],
  seeds: [
    // model_spec { name: "m" version { value: 1 } signature_name: "s" }, inputs x: float32 [2] by float_val.
    hex("0a0a 0a016d 120208 01 1a0173 1215 0a0178 1210 0801 1204 1202 0802 2a06 0000803f0000"),
    hex("0a03 0a016d 1217 0a0178 1212 0801 1204 1202 0801 2204 0000803f 1a0179"),
    hex("0a03 0a016d 120f 0a0173 120a 0807 1204 1202 0801 4200"),
    hex("0a03 0a016d 120c 0a0a 0a08 0a06 0a04 0a01 61 1200"),
    hex("0a0b 0a03 0a016d 1204 74657374 120a 0a08 0a06 0a04 0a01 61 1200"),
  ],
  words: [
    ...[hex("0a00"), hex("1200"), hex("ffffffffffffffffff01"), hex("80"), hex("0801"), hex("0807")],
    ...[hex("1204120208ff01"), hex("2204"), hex("4200"), hex("1a0179"), hex("0b0c"), hex("7d")],
  ],
  read(bytes) {
    const refused: unknown[] = [];
    const attempt = (read: () => void) => {
      try {
        read();
      } catch (error) {
        if (!refusesByServingError(error)) throw error;
        refused.push(error);
      }
    };
    attempt(() => {
      const { inputs } = withAllowance(readPredictRequest, Buffer.from(bytes));
      const memory = { expansionBytes: MAX_MEMORY, allowance: allowance() };
      for (const [name, reader] of inputs) decodeTensor(name, reader, memory as never);
    });
    attempt(() => withAllowance(readExamplesRequest, Buffer.from(bytes)));
    attempt(() => withAllowance(readMultiInferenceRequest, Buffer.from(bytes)));
    if (refused.length > 0) throw refused[0];
  },
  refuses: refusesByServingError,
};

const config: FuzzTarget = {
  name: "config",
  code: ["packages/server/src/config"],
  seeds: [
    'model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" model_version_policy { specific { versions: 1 } } version_labels { key: "a" value: 1 } } }',
    '{"model_config_list":{"config":[{"name":"m","base_path":"/m","model_version_policy":{"latest":{"num_versions":2}}}]}}',
    "model_config_list:\n  config:\n    - name: m\n      base_path: /m\n      version_labels: { a: 1 }\n      logging_config: { sampling_config: { sampling_rate: 0.5 } }\n",
    "{ a: &a [1], b: *a, <<: { c: 1 } }",
    "max_batch_size { value: 128 } batch_timeout_micros { value: 0 } allowed_batch_sizes: [1, 2]",
  ],
  words: [
    ...[
      "config: {",
      "name: ",
      "&a ",
      "*a",
      "<<: ",
      "!!binary ",
      "? ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "<",
    ],
    ...[
      '"\\x41"',
      "0x1F",
      "1e9",
      "-1",
      "# c\n",
      "\n  ",
      "true",
      "all {}",
      ";",
      "'",
      '"',
      ": ",
      "|\n ",
    ],
  ],
  read(bytes) {
    const text = bytes.toString();
    const refused: unknown[] = [];
    for (const read of [
      () => parseModelConfig(text, "/c/models.config"),
      () => parseModelConfig(text, "/c/models.yaml"),
      () => parseBatchingParametersFile(text, "/c/batching.txt"),
    ]) {
      try {
        read();
      } catch (error) {
        if (!refusesByServingError(error)) throw error;
        refused.push(error);
      }
    }
    if (refused.length === 3) throw refused[0];
  },
  refuses: refusesByServingError,
};

const records: FuzzTarget = {
  name: "tfrecord",
  code: ["packages/tensorflow-wire/src"],
  seeds: [Buffer.concat(["", "a", "bc"].map((text) => tfRecord(Buffer.from(text)))), ""],
  words: [tfRecord(Buffer.from("x")), Buffer.alloc(8), Buffer.alloc(8, 255)],
  read(bytes) {
    for (const _ of tfRecords(bytes));
  },
  refuses: refusesByError,
};

const models = new URL("../../packages/servable-tflite/test/models/", import.meta.url);

const flatbuffer: FuzzTarget = {
  name: "flatbuffer",
  code: ["packages/servable-tflite/src"],
  seeds: ["rnn", "flex", "dense", "strings", "subgraphs", "parse_example"].map((name) =>
    readFileSync(new URL(`${name}.tflite`, models)),
  ),
  words: [
    Buffer.from("TFL3"),
    Buffer.alloc(4),
    Buffer.alloc(4, 255),
    hex("0000ff7f"),
    hex("00000080"),
  ],
  read: (bytes) => void readModelFile(new Uint8Array(bytes)),
  refuses: refusesByError,
};

/** All readers of bytes from outside. */
export const TARGETS: readonly FuzzTarget[] = [json, wire, config, records, flatbuffer];
