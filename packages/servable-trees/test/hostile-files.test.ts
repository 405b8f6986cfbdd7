import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { isServingError, runToEnd, unload } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { afterAll, describe, expect, it } from "vitest";
import { problemIn } from "../src/completeness.js";
import { UnsupportedError } from "../src/document/fields.js";
import { DocumentError } from "../src/document/value.js";
import { parseModel } from "../src/parse-model.js";
import { type Example, exampleNamed, load, modelFile, platformOf, rowsOf } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-hostile-trees-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The number of damaged files of each kind; SERVING_KIT_FUZZ multiplies it. */
const MUTATIONS = 60 * Number(process.env.SERVING_KIT_FUZZ ?? 1);

const kinds = [
  ["binary", "ubj"],
  ["binary", "json"],
  ["category-texts", "ubj"],
  ["dart", "ubj"],
  ["linear", "ubj"],
  ["vector-leaf", "ubj"],
  ["lgb-binary", "txt"],
  ["lgb-categories", "txt"],
  ["lgb-linear", "txt"],
] as const;

/** Uniform numbers from 0 to 1, the same each time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Loads a file and calls every signature that takes the rows. Returns the error of loading. */
async function tryFile(path: string, example: Example): Promise<unknown> {
  let predictor: Predictor;
  try {
    predictor = await load(path, example.library);
  } catch (error) {
    return error;
  }
  for (const signature of predictor.signatures.keys()) {
    try {
      await predictor.predict(rowsOf(example), { signature });
    } catch (error) {
      // Another number of features, for example.
      if (!isServingError(error)) throw error;
    }
  }
  await unload(predictor);
  return undefined;
}

function errorOf(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.each(kinds)("%s.%s", (name, extension) => {
  const example = exampleNamed(name);
  const whole = readFileSync(modelFile(`${name}.${extension}`));
  const path = join(folder, `${name}${extname(modelFile(`${name}.${extension}`))}`);

  it(`with bytes changed is rejected or harmless, ${MUTATIONS} times`, async () => {
    const random = generator(whole.length);
    for (let i = 0; i < MUTATIONS; i++) {
      const damaged = Buffer.from(whole);
      for (let k = 0; k <= i % 4; k++) {
        const at = Math.floor(random() * damaged.length);
        damaged[at] = i % 3 === 0 ? 0xff : Math.floor(random() * 256);
      }
      writeFileSync(path, damaged);
      const error = await tryFile(path, example);
      if (error === undefined) continue;
      expect(isServingError(error), `mutation ${i}: ${(error as Error).stack}`).toBe(true);
      expect((error as Error).message).toContain(path);
    }
  });

  it("with digits changed is rejected or harmless", async () => {
    // Numbers that are still numbers: children, features, counts.
    const random = generator(7);
    for (let i = 0; i < MUTATIONS; i++) {
      const damaged = Buffer.from(whole);
      for (let k = 0; k < 3; k++) {
        let at = Math.floor(random() * damaged.length);
        while (
          at < damaged.length &&
          !((damaged[at] as number) >= 48 && (damaged[at] as number) < 58)
        )
          at++;
        if (at < damaged.length) damaged[at] = 48 + Math.floor(random() * 10);
      }
      writeFileSync(path, damaged);
      const error = await tryFile(path, example);
      if (error !== undefined)
        expect(isServingError(error), `${(error as Error).stack}`).toBe(true);
    }
  });

  const format = extension === "txt" ? "text" : extension;
  /** Without its last line, or without white space after it, a text is whole. */
  const isWhole = (bytes: Buffer) => {
    const text = bytes.toString("latin1");
    if (format === "text") return /\nend of parameters\n+$/.test(text);
    return format === "json" && text === whole.toString("latin1").trimEnd();
  };

  it("is incomplete when it is truncated anywhere, and rejected", () => {
    const problems: string[] = [];
    for (let length = 0; length < whole.length; length++) {
      const bytes = whole.subarray(0, length);
      const isComplete = runToEnd(problemIn(bytes, format)) === undefined;
      if (isComplete !== isWhole(bytes)) problems.push(`${length} bytes: complete ${isComplete}`);
      const error = errorOf(() => {
        runToEnd(parseModel(bytes, { library: example.library, format }, { allRounds: false }));
      });
      // Trees may be all there, and parameters not.
      const isRefused = [DocumentError, UnsupportedError].some((kind) => error instanceof kind);
      const isHarmless = (format === "text" || isComplete) && error === undefined;
      if (!isRefused && !isHarmless) problems.push(`${length} bytes: ${error}`);
    }
    expect(problems).toEqual([]);
  });

  it("is incomplete as a file that is truncated, and rejected", async () => {
    const platform = platformOf(example.library);
    const step = Math.max(1, Math.floor(whole.length / MUTATIONS));
    for (let length = 64; length < whole.length - 1; length += step) {
      const bytes = whole.subarray(0, length);
      writeFileSync(path, bytes);
      const { isComplete } = await platform.isComplete(path);
      expect(isComplete, `${length} of ${whole.length} bytes`).toBe(isWhole(bytes));
      const error = await tryFile(path, example);
      if (format === "text") continue;
      expect(isServingError(error), `${length} bytes: ${error}`).toBe(true);
    }
    writeFileSync(path, whole);
    expect(await platform.isComplete(path)).toEqual({ isComplete: true });
  });
});

describe("a file that lies", () => {
  const document = JSON.parse(readFileSync(modelFile("binary.json"), "utf8"));
  const texts = JSON.parse(readFileSync(modelFile("category-texts.json"), "utf8"));
  const tree = (file: typeof document, i = 0) => file.learner.gradient_booster.model.trees[i];

  async function refusal(change: (file: typeof document) => void, from = document) {
    const file = structuredClone(from);
    change(file);
    const path = join(folder, "lie.json");
    writeFileSync(path, JSON.stringify(file));
    try {
      await unload(await load(path, "xgboost"));
    } catch (error) {
      if (isServingError(error)) return `${error.reason} ${error.message}`;
      throw error;
    }
    throw new Error("it was loaded");
  }

  it.each<[string, (file: typeof document) => void, RegExp]>([
    [
      "a child that is its parent",
      (file) => {
        tree(file).left_children[1] = 0;
      },
      /INVALID.*node 0 is reached twice/,
    ],
    [
      "a child beyond the tree",
      (file) => {
        tree(file).left_children[1] = 999;
      },
      /INVALID.*node 999 is not one of/,
    ],
    [
      "a child below zero",
      (file) => {
        tree(file).left_children[1] = -7;
      },
      /INVALID.*node -7 is not one of/,
    ],
    [
      "a child that is not an integer",
      (file) => {
        tree(file).left_children[1] = 3.5;
      },
      /INVALID.*node 3.5 is not one of/,
    ],
    [
      "nodes that are not reached",
      (file) => {
        tree(file).left_children[1] = -1;
      },
      /INVALID.*nodes are reached/,
    ],
    [
      "a feature beyond the row",
      (file) => {
        tree(file).split_indices[0] = 5;
      },
      /INVALID.*a feature must be from 0 to 4; got 5/,
    ],
    [
      "a leaf that is infinite",
      (file) => {
        const leaf = tree(file).left_children.indexOf(-1);
        tree(file).split_conditions[leaf] = null;
      },
      /UNSUPPORTED.*leaf of NaN/,
    ],
    [
      "too many nodes",
      (file) => {
        tree(file).tree_param.num_nodes = "1073741825";
      },
      /INVALID.*num_nodes/,
    ],
    [
      "an array that is short",
      (file) => void tree(file).split_conditions.pop(),
      /INVALID.*split_conditions: expected \d+ elements/,
    ],
    [
      "more trees than there are",
      (file) => {
        file.learner.gradient_booster.model.gbtree_model_param.num_trees = "99";
      },
      /INVALID.*num_trees/,
    ],
    [
      "a tree of an output that is not there",
      (file) => {
        file.learner.gradient_booster.model.tree_info[0] = 3;
      },
      /INVALID.*output must be from 0 to 0/,
    ],
    [
      "many outputs",
      (file) => {
        file.learner.learner_model_param.num_class = "100000000";
      },
      /INVALID.*num_class/,
    ],
    [
      "more outputs than trees",
      (file) => {
        file.learner.learner_model_param.num_class = "3000";
      },
      /INVALID.*3000 outputs/,
    ],
    [
      "an objective that is not known",
      (file) => {
        file.learner.objective.name = "reg:magic";
      },
      /UNSUPPORTED.*reg:magic/,
    ],
    [
      "a key that is not known",
      (file) => {
        tree(file).soft_splits = [];
      },
      /UNSUPPORTED.*soft_splits.*update the kit, or save it again/,
    ],
    [
      "a key of the learner that is not known",
      (file) => {
        file.learner.calibration = {};
      },
      /UNSUPPORTED.*calibration/,
    ],
    [
      "a booster that is not known",
      (file) => {
        file.learner.gradient_booster.name = "gbforest";
      },
      /UNSUPPORTED.*gbforest/,
    ],
    [
      "a base score that is not a number",
      (file) => {
        file.learner.learner_model_param.base_score = "[x]";
      },
      /INVALID.*base_score/,
    ],
    [
      "a tree that is not an object",
      (file) => {
        file.learner.gradient_booster.model.trees[0] = 7;
      },
      /INVALID.*expected an object; got 7/,
    ],
    [
      "__proto__ as a tree",
      (file) => {
        file.learner.gradient_booster.model.trees = { __proto__: [] };
      },
      /INVALID.*expected an array/,
    ],
  ])("with %s is refused", async (_, change, message) => {
    expect(await refusal(change)).toMatch(message);
  });

  it.each<[string, (file: typeof document) => void, RegExp]>([
    [
      "a category that is negative",
      (file) => {
        tree(file).categories[0] = -5;
      },
      /INVALID.*-5 is not a category/,
    ],
    [
      "a category beyond float32",
      (file) => {
        tree(file).categories[0] = 2 ** 24;
      },
      /INVALID.*is not a category/,
    ],
    [
      "a set beyond the categories",
      (file) => {
        tree(file).categories_sizes[0] = 9999;
      },
      /INVALID.*9999|INVALID.*categories/,
    ],
    [
      "a split without its set",
      (file) => {
        tree(file).categories_nodes[0] = 77;
      },
      /INVALID.*has no categories/,
    ],
    [
      "texts beyond their bytes",
      (file) => {
        file.learner.gradient_booster.model.cats.enc[0].offsets[2] = 9999;
      },
      /INVALID.*text 1 is from/,
    ],
  ])("with %s is refused", async (_, change, message) => {
    expect(await refusal(change, texts)).toMatch(message);
  });

  it("a set of one large category takes little memory", async () => {
    const file = structuredClone(texts);
    const first = tree(file);
    first.categories[0] = 2 ** 24 - 1;
    const path = join(folder, "sparse.json");
    writeFileSync(path, JSON.stringify(file));
    await unload(await load(path, "xgboost"));
  });

  it("nested too deep, or with strings and arrays that its length cannot hold, is rejected", async () => {
    const path = join(folder, "lie.ubj");
    const head = Buffer.concat([Buffer.from("{L\0\0\0\0\0\0\0\x07learner", "latin1")]);
    for (const [bytes, message] of [
      ["[".repeat(10_000), /nested deeper than 32/],
      ["[$d#L\x00\x00\x7f\x00\x00\x00\x00\x00", /expected .* more at/],
      ["[#L\x00\x00\x7f\x00\x00\x00\x00\x00Z", /INVALID/],
      ["SL\x00\x00\x00\x00\x7f\x00\x00\x00", /a string has \d+ bytes/],
      ["[$d#L\xff\xff\xff\xff\xff\xff\xff\xff", /an array has -1 elements/],
    ] as const) {
      writeFileSync(path, Buffer.concat([head, Buffer.from(bytes, "latin1")]));
      const error = (await load(path, "xgboost").catch((one: unknown) => one)) as Error & {
        reason: string;
      };
      expect(`${error.reason} ${error.message}`).toMatch(message);
      expect(error.reason).toBe("MODEL_FILE_INVALID");
    }
  });
});

describe("another file", () => {
  it("in XGBoost's old binary format is rejected with what to do", async () => {
    // What 1.7.6 writes: parameters of 136 bytes, and the name of the objective.
    const name = "binary:logistic";
    const old = Buffer.alloc(400);
    old.writeBigUInt64LE(BigInt(name.length), 136);
    old.write(name, 144, "latin1");
    const path = join(folder, "old.bin");
    writeFileSync(path, old);
    const platform = platformOf("xgboost");
    expect(await platform.accepts(path)).toBe(true);
    expect(await platform.isComplete(path)).toEqual({ isComplete: true });
    await expect(load(path, "xgboost")).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      reason: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(/old binary format; save it again .*model\.ubj/),
    });
  });

  it("of a format of LightGBM that is not known is rejected", async () => {
    const path = join(folder, "v9.txt");
    const text = readFileSync(modelFile("lgb-binary.txt"), "utf8");
    writeFileSync(path, text.replace("version=v4", "version=v9"));
    await expect(load(path, "lightgbm")).rejects.toMatchObject({
      reason: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(/its format is v9; this version knows v3, v4/),
    });
  });

  it("of TensorFlow.js, a text or an empty one is not accepted", async () => {
    for (const text of [
      '{"format":"layers-model","modelTopology":{}}',
      "tree\nversion",
      "",
      "{}",
    ]) {
      const path = join(folder, "model.json");
      writeFileSync(path, text);
      expect(await platformOf("xgboost").accepts(path)).toBe(false);
      expect(await platformOf("lightgbm").accepts(path)).toBe(false);
    }
  });
});
