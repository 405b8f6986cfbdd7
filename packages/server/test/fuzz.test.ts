import { isServingError } from "@serving-kit/core";
import { type DType, type Signature, type Tensor, UNLIMITED_MEMORY } from "@serving-kit/inference";
import { decodePredict } from "@serving-kit/tensor-json";
import { decodeTensor } from "@serving-kit/tensorflow-wire";
import { limitedMemory } from "@serving-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readExamplesRequest,
  readMultiInferenceRequest,
} from "../../protocol-tensorflow-serving/src/grpc/example-messages.js";
import { readPredictRequest } from "../../protocol-tensorflow-serving/src/grpc/predict-messages.js";
import { decodeExamples } from "../../protocol-tensorflow-serving/src/rest/decode-examples.js";
import { matchRoute } from "../../protocol-tensorflow-serving/src/rest/router.js";
import { parseBatchingParametersFile } from "../src/config/batching-parameters-file.js";
import { parseModelConfig } from "../src/index.js";
import { codecOf } from "./codec.js";

/** The factor by which the number of cases is multiplied. */
const FACTOR = Number(process.env.SERVING_KIT_FUZZ ?? 1);

/** Returns the result of a reader, or undefined if it rejects with a ServingError. Any other error is thrown. */
function foreseen<T>(read: () => T, reasons?: readonly string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isServingError(error)) throw error;
    expect(["INVALID_ARGUMENT", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED"]).toContain(error.code);
    if (reasons) expect(reasons).toContain(error.reason);
    return undefined;
  }
}

/** A text with a few characters cut out, put in or changed. */
const mutated = (text: string, noise: readonly string[]) =>
  fc
    .array(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom("", ...noise)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((cuts) =>
      cuts.reduce((cut, [where, length, put]) => {
        const at = where % (cut.length + 1);
        return cut.slice(0, at) + put + cut.slice(at + length);
      }, text),
    );

describe("a predict request in JSON", () => {
  // No two names become the same by a few mutations: of repeated keys the first counts, not the last.
  const NAMES = ["alpha", "__proto__", "constructor"];
  const DTYPES = ["float32", "float64", "int32", "int64", "uint64", "bool", "string"] as const;
  type Fuzzed = (typeof DTYPES)[number];
  const scalars: Record<Fuzzed, fc.Arbitrary<string>> = {
    float32: fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
      fc.tuple(fc.integer(), fc.integer({ min: -12, max: 12 })).map(([m, e]) => `${m}e${e}`),
      fc.tuple(fc.nat(999), fc.nat(999_999)).map(([whole, part]) => `-${whole}.${part}`),
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
    ),
    float64: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => JSON.stringify(value)),
    int32: fc.integer().map(String),
    int64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
    uint64: fc.bigInt(0n, 2n ** 64n - 1n).map(String),
    bool: fc.boolean().map(String),
    string: fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => JSON.stringify(text)),
      fc.uint8Array({ maxLength: 9 }).map((b) => `{"b64":"${Buffer.from(b).toString("base64")}"}`),
      fc.constantFrom('"\\u0041\\/"', '"\\ud83d\\ude00"', '""', '"\\"\\\\\\n"'),
    ),
  };
  const space = fc.constantFrom("", "", "", " ", "\n\t");
  const nested = (dtype: Fuzzed, shape: readonly number[]): fc.Arbitrary<string> => {
    const [size, ...inner] = shape;
    if (size === undefined) return scalars[dtype];
    return fc
      .tuple(fc.array(nested(dtype, inner), { minLength: size, maxLength: size }), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},`)}]`);
  };

  interface Given {
    readonly signature: Signature;
    readonly text: string;
  }
  const request: fc.Arbitrary<Given> = fc
    .record({
      count: fc.integer({ min: 1, max: 3 }),
      dtypes: fc.tuple(...NAMES.map(() => fc.constantFrom(...DTYPES))),
      rows: fc.integer({ min: 1, max: 3 }),
      inner: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      isRow: fc.boolean(),
      isNamed: fc.boolean(),
      gap: space,
    })
    .chain(({ count, dtypes, rows, inner, isRow, isNamed, gap }) => {
      const inputs = NAMES.slice(0, count).map((name, i) => ({ name, dtype: dtypes[i] as Fuzzed }));
      const signature: Signature = {
        inputs: new Map(inputs.map(({ name, dtype }) => [name, { dtype, shape: null }])),
        outputs: new Map(),
      };
      const key = (name: string) => `${gap}${JSON.stringify(name)}${gap}:${gap}`;
      const record = (shape: readonly number[]) =>
        fc
          .tuple(...inputs.map(({ dtype }) => nested(dtype, shape)))
          .map(
            (values) => `{${values.map((value, i) => key(NAMES[i] as string) + value).join(",")}}`,
          );
      const isBare = count === 1 && !isNamed;
      const { dtype } = inputs[0] as { dtype: Fuzzed };
      const whole = [rows, ...inner];
      const value = isBare
        ? nested(dtype, whole)
        : isRow
          ? fc.array(record(inner), { minLength: rows, maxLength: rows }).map((all) => `[${all}]`)
          : record(whole);
      return value.map((text) => ({
        signature,
        text: `{${key(isRow ? "instances" : "inputs")}${text}${gap}}`,
      }));
    });

  const read = ({ signature, text }: Given) =>
    foreseen(() => decodePredict(Buffer.from(text), () => signature)?.inputs);

  /** Returns the request as JSON.parse reads it, as tensors. Integers are strings, since JSON.parse would round them. */
  function expected({
    signature,
    text,
  }: Given): Record<string, { shape: number[]; data: unknown[] }> {
    const quoted = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{15,}(?![\d.eE])/g, (match) =>
      match.startsWith('"') ? match : `{"big":"${match}"}`,
    );
    const parsed = JSON.parse(quoted);
    const isNamed = (value: unknown) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      !Object.hasOwn(value, "b64") &&
      !Object.hasOwn(value, "big");
    const form = Object.hasOwn(parsed, "instances") ? "instances" : "inputs";
    const found = parsed[form];
    return Object.fromEntries(
      [...signature.inputs].map(([name, { dtype }]) => {
        let value = found;
        if (form === "inputs" && isNamed(found)) value = found[name];
        if (form === "instances" && isNamed(found[0])) {
          value = found.map((row: Record<string, unknown>) => row[name]);
        }
        const shape: number[] = [];
        for (let at = value; Array.isArray(at); at = at[0]) shape.push(at.length);
        return [name, { shape, data: [value].flat(9).map((item) => elementOf(item, dtype)) }];
      }),
    );
  }

  function elementOf(item: unknown, dtype: DType): unknown {
    const big = (item as { big?: string } | null)?.big;
    if (dtype === "string") {
      const { b64 } = item as { b64?: string };
      const bytes = b64 === undefined ? Buffer.from(item as string) : Buffer.from(b64, "base64");
      return bytes.toString("latin1");
    }
    if (dtype === "int64" || dtype === "uint64") return BigInt((big ?? item) as string);
    const number = big === undefined ? Number(item) : Number(big);
    if (dtype === "int32") return number + 0; // there is no -0 among integers
    return dtype === "float32" ? Math.fround(number) : number;
  }

  const plain = (all: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(
      Object.entries(all).map(([name, { shape, data, dtype }]) => {
        const elements = Array.from(data as ArrayLike<unknown>, (element) =>
          dtype === "string" ? Buffer.from(element as Uint8Array).toString("latin1") : element,
        );
        return [name, { shape, data: elements }];
      }),
    );

  it("means what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(request, (given) => {
        const inputs = read(given);
        if (inputs === undefined) throw new Error(`refused: ${given.text}`);
        expect(plain(inputs)).toEqual(expected(given));
      }),
      { numRuns: 1_500 * FACTOR },
    );
  });

  it("that was damaged is rejected, or means what JSON.parse makes of it", () => {
    const noise = [
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      "0",
      "-",
      ".",
      "e9",
      " ",
      "\\",
      "é",
      "null",
      "true",
    ];
    const damaged = request.chain(({ signature, text }) =>
      mutated(text, noise).map((damage) => ({ signature, text: damage })),
    );
    let both = 0;
    fc.assert(
      fc.property(damaged, (given) => {
        const inputs = read(given);
        if (inputs === undefined) return;
        let meant: ReturnType<typeof expected>;
        try {
          meant = expected(given);
        } catch {
          return; // read here alone: what follows the object is not looked at
        }
        both++;
        expect(plain(inputs)).toEqual(meant);
      }),
      { numRuns: 4_000 * FACTOR },
    );
    expect(both).toBeGreaterThan(50);
  });

  it("of any bytes, also for classify and regress, is read or rejected", () => {
    const signature: Signature = {
      inputs: new Map([["x", { dtype: "float32", shape: null }]]),
      outputs: new Map(),
    };
    const body =
      '{"signature_name":"s","context":{"a":1},"examples":[{"x":[1.5,"a",{"b64":"aA=="}]}]}';
    const damaged = mutated(body, ["{", "}", "[", "]", '"', ",", "\0", "1e999"]);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      damaged.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        foreseen(() => decodeExamples(given, UNLIMITED_MEMORY));
        foreseen(() => decodePredict(given, () => signature));
      }),
      { numRuns: 2_000 * FACTOR },
    );
  });
});

describe("a message of protocol buffers", () => {
  const varint = fc.bigInt(0n, 2n ** 64n - 1n).map((value) => {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>= 7n) {
      bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
      if (rest <= 127n) return Buffer.from(bytes);
    }
  });
  const prefixed = (bytes: Buffer): Buffer => {
    const { length } = bytes;
    return Buffer.concat([
      Buffer.from(length < 128 ? [length] : [(length & 127) | 128, length >> 7]),
      bytes,
    ]);
  };
  /** Fields of any number and wire type, with messages in messages, often cut short. */
  const { message } = fc.letrec<{ message: Buffer }>((tie) => ({
    message: fc
      .array(
        fc
          .tuple(fc.integer({ min: 0, max: 17 }), fc.integer({ min: 0, max: 7 }))
          .chain(([field, wire]) => {
            const tag = Buffer.from(
              field < 16 ? [(field << 3) | wire] : [(((field << 3) | wire) & 127) | 128, 1],
            );
            const content: fc.Arbitrary<Buffer> =
              wire === 0
                ? varint
                : wire === 2
                  ? fc.oneof(
                      { maxDepth: 4, depthIdentifier: "message" },
                      fc.uint8Array({ maxLength: 24 }).map((bytes) => prefixed(Buffer.from(bytes))),
                      (tie("message") as fc.Arbitrary<Buffer>).map(prefixed),
                    )
                  : fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes));
            return content.map((bytes) => Buffer.concat([tag, bytes]));
          }),
        { maxLength: 5 },
      )
      .map((fields) => Buffer.concat(fields)),
  }));

  /** A tensor of any dtype and shape, with fewer or more values than that. */
  const tensor = fc
    .record({
      dtype: fc.oneof(fc.constantFrom(1, 2, 3, 7, 9, 10, 18), fc.integer({ min: 0, max: 40 })),
      sizes: fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: 0, max: 9 }) },
          fc.constant(-1),
          fc.constantFrom<number | string>(2 ** 20, 2 ** 31 - 1, 2 ** 53, "9223372036854775807"),
        ),
        { maxLength: 5 },
      ),
      content: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 64 })),
      floats: fc.array(fc.float(), { maxLength: 4 }),
      strings: fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 4 }),
      longs: fc.array(fc.integer(), { maxLength: 4 }),
    })
    .map(({ dtype, sizes, content, floats, strings, longs }) => ({
      dtype,
      tensor_shape: { dim: sizes.map((size) => ({ size })) },
      tensor_content: Buffer.from(content),
      float_val: floats,
      double_val: floats,
      int_val: longs,
      int64_val: longs,
      string_val: strings.map((bytes) => Buffer.from(bytes)),
      half_val: longs.map((value) => value & 0xffff),
      bool_val: longs.map((value) => value > 0),
    }));
  const request = fc.array(tensor, { minLength: 1, maxLength: 3 }).map((tensors) => {
    const inputs = Object.fromEntries(tensors.map((given, i) => [`input ${i}`, given]));
    const codec = codecOf("tensorflow.serving.PredictRequest");
    return Buffer.from(codec.encode({ model_spec: { name: "m" }, inputs }));
  });
  const damaged = fc
    .tuple(request, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat())
    .map(([bytes, changes, cut]) => {
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    });

  const EXPANSION = 2 ** 20;
  const bytesOf = (dtype: DType) => {
    if (dtype === "complex128") return 16;
    if (dtype === "string" || /64$/.test(dtype)) return 8;
    if (/32$/.test(dtype)) return 4;
    return /16$/.test(dtype) ? 2 : 1;
  };

  it("is read or rejected, and never takes more memory than it has bytes and the bound allows", () => {
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(message, request, damaged), (bytes) => {
        let asked = 0;
        const memory = {
          allowance: limitedMemory(bytes.length * 16 + EXPANSION),
          allocate: (dtype: DType, shape: readonly number[]) => {
            const count = shape.reduce((product, size) => product * size, 1);
            asked += count * bytesOf(dtype);
            // Checked before it is taken.
            expect(asked).toBeLessThanOrEqual(bytes.length * 16 + EXPANSION);
            return undefined;
          },
        };
        foreseen(() => {
          const { inputs } = readPredictRequest(Buffer.from(bytes), UNLIMITED_MEMORY);
          for (const [name, reader] of inputs) {
            const given = decodeTensor(name, reader, memory as never);
            read++;
            if (given.dtype === "string") asked += given.data.length * 8;
          }
        }, ["MESSAGE_INVALID", "REQUEST_UNFIT", "REQUEST_TOO_COSTLY"]);
        expect(asked).toBeLessThanOrEqual(bytes.length * 16 + EXPANSION);
        for (const other of [readExamplesRequest, readMultiInferenceRequest]) {
          foreseen(
            () => other(Buffer.from(bytes), UNLIMITED_MEMORY),
            ["MESSAGE_INVALID", "REQUEST_UNFIT"],
          );
        }
      }),
      { numRuns: 4_000 * FACTOR },
    );
    expect(read).toBeGreaterThan(200);
  });

  it("of messages in messages a hundred thousand deep costs no stack", () => {
    for (const tag of [0x0b, 0x0a, 0x12, 0x13]) {
      foreseen(() => readPredictRequest(Buffer.alloc(200_000, tag), UNLIMITED_MEMORY));
      foreseen(() => readMultiInferenceRequest(Buffer.alloc(200_000, tag), UNLIMITED_MEMORY));
    }
  });
});

describe("a path", () => {
  it("returns a name, version and label unchanged, with any characters", () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(name, name, fc.bigInt(0n, 2n ** 63n - 1n), (model, label, version) => {
        const of = encodeURIComponent(model);
        expect(matchRoute("GET", `/v1/models/${of}`)).toEqual({
          kind: "status",
          request: { name: model },
        });
        expect(matchRoute("POST", `/v1/models/${of}/versions/${version}:predict`)).toEqual({
          kind: "predict",
          request: { name: model, version },
        });
        expect(
          matchRoute("GET", `/v1/models/${of}/labels/${encodeURIComponent(label)}/metadata`),
        ).toEqual({
          kind: "metadata",
          request: { name: model, label },
        });
      }),
    );
  });

  it("of anything is a route or rejected, and a long one takes no longer than its length", () => {
    const paths = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.webPath());
    fc.assert(
      fc.property(fc.constantFrom("GET", "POST", "OPTIONS", "X"), paths, (method, path) => {
        foreseen(
          () => matchRoute(method, `/v1/models${path}`),
          ["MALFORMED_REQUEST", "REQUEST_UNFIT"],
        );
      }),
      { numRuns: 2_000 * FACTOR },
    );
    for (const part of ["/", ":", "a:", "/versions/1", "%25", "9", "/labels/"]) {
      foreseen(() => matchRoute("POST", `/v1/models/m${part.repeat(100_000)}`));
    }
  });
});

describe("a configuration file", () => {
  const FILE = `model_config_list {
    config { name: "a" base_path: "/models/a" model_platform: "tflite"
      model_version_policy { specific { versions: 3 versions: 9007199254740993 } }
      version_labels { key: "__proto__" value: 3 } version_labels { key: "constructor" value: 3 } }
    config: { name: "__proto__", base_path: "/b"; model_version_policy: { latest { num_versions: 2 } } }
  }`;
  const JSON_FILE = JSON.stringify({
    model_config_list: {
      config: [
        {
          name: "a",
          base_path: "/a",
          version_labels: { stable: 3 },
          model_version_policy: { all: {} },
        },
      ],
    },
  });
  const YAML_FILE = `model_config_list:
  config:
    - name: a
      base_path: /a
      model_version_policy: { specific: { versions: [1, 2] } }
      version_labels: { stable: 1 }
`;
  const BATCHING = `max_batch_size { value: 128 } batch_timeout_micros { value: 2000 }
    allowed_batch_sizes: 8 allowed_batch_sizes: 128 pad_variable_length_inputs: true`;
  const noise = [
    "{",
    "}",
    "<",
    ">",
    "[",
    "]",
    '"',
    "'",
    ":",
    ";",
    "#",
    "\\",
    "\0",
    "-1",
    "1e9",
    "&a",
    "*a",
    "!!js",
  ];

  it("keeps names and labels that are those of prototypes", () => {
    const [a, b] = parseModelConfig(FILE, "/x/models.config");
    expect(Object.entries(a?.labels ?? {}).sort()).toEqual([
      ["__proto__", 3n],
      ["constructor", 3n],
    ]);
    expect(b?.name).toBe("__proto__");
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each([
    ["of models as text", FILE, "/x/models.config"],
    ["of models as JSON", JSON_FILE, "/x/models.json"],
    ["of models as YAML", YAML_FILE, "/x/models.yaml"],
  ])("%s is read, and damaged it is read or refused", (_, text, path) => {
    expect(parseModelConfig(text, path)[0]).toMatchObject({ name: "a" });
    fc.assert(
      fc.property(
        fc.oneof(mutated(text, noise), fc.string({ unit: "binary", maxLength: 40 })),
        (given) => {
          const models = foreseen(() => parseModelConfig(given, path), ["CONFIG_FILE_INVALID"]);
          for (const { name, basePath } of models ?? []) {
            expect(typeof name).toBe("string");
            expect(basePath).toMatch(/^(\/|[a-z][a-z0-9+.-]*:)/i);
          }
        },
      ),
      { numRuns: 600 * FACTOR },
    );
  });

  it("of batching parameters is read, and damaged it is read or rejected", () => {
    expect(parseBatchingParametersFile(BATCHING, "f").options.maxBatchSize).toBe(128);
    const damaged = fc.oneof(
      mutated(BATCHING, noise),
      mutated('{"max_batch_size":{"value":128},"num_batch_threads":2}', noise),
    );
    fc.assert(
      fc.property(damaged, (text) => {
        const parsed = foreseen(
          () => parseBatchingParametersFile(text, "f"),
          ["CONFIG_FILE_INVALID"],
        );
        for (const value of Object.values(parsed?.options ?? {})) expect(value).not.toBeNull();
      }),
      { numRuns: 1_000 * FACTOR },
    );
  });

  it("that would become very large in memory is rejected, quickly", () => {
    const laughs = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`,
    );
    foreseen(() => parseModelConfig(`l0: &l0 [lol]\n${laughs.join("\n")}`, "/x/models.yaml"));
    for (const [open, path] of [
      ["[", "m.json"],
      ["[", "m.yaml"],
      ["a{", "m.config"],
      ["a:{", "m.yaml"],
    ]) {
      expect(() => parseModelConfig((open as string).repeat(50_000), `/x/${path}`)).toThrow(
        expect.objectContaining({ reason: "CONFIG_FILE_INVALID" }),
      );
    }
  });
});
