import type { Predictor, Tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { type Answer, type Example, examples, load, rowsOf } from "./support.js";

/** Calls a signature with all rows of an example. */
async function call(predictor: Predictor, example: Example, signature: string) {
  const outputs = await predictor.predict(rowsOf(example), { signature });
  const [output] = Object.values(outputs) as [Tensor];
  return output as { shape: readonly number[]; data: Float32Array };
}

/** The rows of LightGBM are float64 in its own call, and float32 here: these answers are of such rows. */
const isExact = (example: Example) => {
  const rows = (example.answer("rows") as Answer).data as Float64Array;
  return rows.every((value) => Object.is(Math.fround(value), value) || Number.isNaN(value));
};

/** The distance of two floats in units of the last place of the type. */
function ulps(a: number, b: number, isFloat32: boolean): number {
  if (Object.is(a, b) || a === b) return 0;
  const ulp = isFloat32
    ? 2 ** (Math.floor(Math.log2(Math.max(Math.abs(b), 2 ** -126))) - 23)
    : 2 ** (Math.floor(Math.log2(Math.max(Math.abs(b), 2 ** -1022))) - 52);
  return Math.abs(a - b) / ulp;
}

const predictions = (data: ArrayLike<number>, wanted: ArrayLike<number>, isFloat32: boolean) => {
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    worst = Math.max(worst, ulps(data[i] as number, wanted[i] as number, isFloat32));
  }
  return worst;
};

const cases = examples.flatMap((example) =>
  example.files.flatMap((file) =>
    (["auto", "javascript"] as const).map((kernel) => {
      const name = `${file.split("/").slice(-1)[0]}, kernel ${kernel}`;
      return { name, example, file, kernel };
    }),
  ),
);

describe.each(cases)("$name", ({ example, file, kernel }) => {
  const open = () => load(file, example.library, { kernel });

  it("has margins bit-equal to the library's, and predictions within 4 ulp", async () => {
    expect(isExact(example)).toBe(true);
    await using predictor = await open();
    const margin = example.answer("margin") as Answer;
    const own = await call(predictor, example, "margin");
    expect(own.data).toEqual(margin.data);
    expect(own.shape).toEqual(margin.shape);
    const predict = example.answer("predict") as Answer;
    const predicted = await call(predictor, example, "serving_default");
    expect(predicted.shape).toEqual(predict.shape);
    const isFloat32 = example.library === "xgboost";
    const worst = predictions(predicted.data, predict.data as Float32Array, isFloat32);
    expect(worst).toBeLessThanOrEqual(4);
  });

  it("has the library's leaves, or no signature for them", async () => {
    await using predictor = await open();
    const leaf = example.answer("leaf");
    // pred_leaf refuses linear models; a model of one tree may have lost a dimension.
    expect(predictor.signatures.has("leaf")).toBe(leaf !== undefined);
    if (leaf === undefined) return;
    const own = await call(predictor, example, "leaf");
    expect(Array.from(own.data)).toEqual(Array.from(leaf.data as Float32Array));
  });

  it("has contributions within 1e-5 of a row's largest, or none if the library has none", async () => {
    await using predictor = await open();
    const contributions = example.answer("contributions");
    expect(predictor.signatures.has("contributions")).toBe(contributions !== undefined);
    if (contributions === undefined) return;
    const own = await call(predictor, example, "contributions");
    const wanted = contributions.data as Float32Array;
    expect(own.data).toHaveLength(wanted.length);
    const size = wanted.length / (contributions.shape[0] as number);
    let worst = 0;
    for (let row = 0; row < wanted.length; row += size) {
      const parts = wanted.subarray(row, row + size);
      const largest = parts.reduce((max, one) => Math.max(max, Math.abs(one)), 0);
      for (const [i, one] of parts.entries()) {
        const got = own.data[row + i] as number;
        if (Object.is(got, one)) continue; // infinities of a linear model
        worst = Math.max(worst, Math.abs(got - one) / largest);
        if (Number.isNaN(got)) worst = Number.POSITIVE_INFINITY;
      }
    }
    expect(worst).toBeLessThanOrEqual(1e-5);
  });
});

describe.each(examples.filter((example) => example.answer("labels")))(
  "a model that a classifier saved: $name",
  (example) => {
    it("has the labels and probabilities of the classifier", async () => {
      await using predictor = await load(example.files[0] as string, "xgboost");
      const labels = await call(predictor, example, "predict");
      expect(labels.data).toEqual((example.answer("labels") as Answer).data);
      const probabilities = await call(predictor, example, "predict_proba");
      const wanted = example.answer("probabilities") as Answer;
      expect(probabilities.shape).toEqual(wanted.shape);
      const worst = predictions(probabilities.data, wanted.data as Float32Array, true);
      expect(worst).toBeLessThanOrEqual(4);
    });
  },
);

describe.each(examples.filter(({ best }) => best !== undefined))(
  "a model that stopped early: $name",
  (example) => {
    it("uses the rounds up to the best one, and with allRounds all", async () => {
      await using predictor = await load(example.files[0] as string, "xgboost", {
        allRounds: true,
      });
      const every = await call(predictor, example, "margin");
      expect(every.data).toEqual((example.answer("all") as Answer).data);
      expect(every.data).not.toEqual((example.answer("margin") as Answer).data);
    });
  },
);
