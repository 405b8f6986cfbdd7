import { readdir } from "node:fs/promises";
import {
  type Shape,
  spec,
  type Tensor,
  type TensorSpec,
  type Tensors,
} from "@serving-kit/inference";
import { boxes } from "../boxes/boxes.js";
import type { ImageReader } from "../image/image.js";
import { realTensor } from "../rows.js";
import { labels } from "../scores/labels.js";
import { sigmoid } from "../scores/sigmoid.js";
import { softmax } from "../scores/softmax.js";
import { topK } from "../scores/top-k.js";
import { inVersion } from "./in-version.js";
import type { BoxesConfig, LabelsConfig, OutputName, TopKConfig } from "./processing-config.js";
import { type AfterStep, chosen, type StepScope, unfit } from "./step.js";

/** The outputs that a step can use. */
export type OpenOutputs = ReadonlyMap<string, TensorSpec>;

/** The step `softmax` or `sigmoid`. The output keeps its name. */
export function sharesStep(
  kind: "softmax" | "sigmoid",
  { output }: OutputName,
  open: OpenOutputs,
): AfterStep {
  const [name, { shape, quantization }] = chosen(`processing.after.${kind}.output`, output, open);
  const shares = kind === "softmax" ? softmax : sigmoid;
  return {
    takes: [name],
    outputs: { [name]: spec.float32(shape as never) },
    run: (outputs) => ({ [name]: shares(outputs[name] as Tensor, quantization) }),
  };
}

/** The step `topK`. */
export async function topKStep(
  { k, output, labelsOutput, ...source }: TopKConfig,
  open: OpenOutputs,
  { path }: StepScope,
): Promise<AfterStep> {
  const where = "processing.after.top_k";
  const scores = new Map([...open].filter(([name]) => name !== labelsOutput));
  const [name, { shape, quantization }] = chosen(`${where}.output`, output, scores);
  if (labelsOutput !== undefined) chosen(`${where}.labels_output`, labelsOutput, open);
  const names = await labelsOf(source, path);
  const best = topK(k, { labels: names, quantization });
  const isNamed = names !== undefined || labelsOutput !== undefined;
  const best_shape = bestShape(shape, k) as number[];
  return {
    takes: labelsOutput === undefined ? [name] : [name, labelsOutput],
    outputs: {
      classes: isNamed ? spec.string(best_shape) : spec.int32(best_shape),
      scores: spec.float32(best_shape),
    },
    run(outputs) {
      const found = labelsOutput === undefined ? undefined : outputs[labelsOutput];
      return { ...best(outputs[name] as Tensor, found) };
    },
  };
}

function bestShape(shape: Shape, k: number): Shape {
  const classes = shape?.at(-1);
  if (shape === null || classes === undefined) return null;
  return [...shape.slice(0, -1), classes === -1 ? -1 : Math.min(k, classes)];
}

/** The step `boxes`. */
export async function boxesStep(
  config: BoxesConfig,
  picture: { readonly reader: ImageReader; readonly name: string } | undefined,
  open: OpenOutputs,
  { path }: StepScope,
): Promise<AfterStep> {
  const where = "processing.after.boxes";
  if (picture === undefined) return unfit(where, "it needs image among the steps before");
  const {
    boxes: corners,
    scores,
    classes,
    count,
    labels: _,
    packedLabels: __,
    ...options
  } = config;
  const takes = [corners, scores, classes, count].filter((name) => name !== undefined);
  for (const name of takes) chosen(where, name, open);
  const find = boxes({
    ...options,
    image: picture.reader,
    labels: await labelsOf(config, path),
  });
  const most = options.maxBoxes ?? 20;
  return {
    takes,
    outputs: {
      boxes: spec.float32([-1, most, 4]),
      scores: spec.float32([-1, most]),
      classes: spec.string([-1, most]),
      count: spec.int32([-1]),
    },
    async run(outputs, { inputs }) {
      const sizes = await picture.reader.sizes(inputs[picture.name] as never);
      return { ...find(foundOutputs(config, open, outputs), sizes) };
    },
  };
}

/** Returns the outputs that describe what was found, as real numbers. */
function foundOutputs(
  { boxes, scores, classes, count }: BoxesConfig,
  open: OpenOutputs,
  outputs: Tensors,
) {
  const real = (name: string) => {
    const { quantization } = open.get(name) ?? {};
    return realTensor(name, outputs[name] as Tensor, quantization);
  };
  return {
    boxes: real(boxes),
    scores: real(scores),
    ...(classes !== undefined && { classes: real(classes) }),
    ...(count !== undefined && { count: real(count) }),
  };
}

async function labelsOf(
  { labels: file, packedLabels }: LabelsConfig,
  version: string,
): Promise<readonly string[] | undefined> {
  if (file !== undefined) return labels({ file: inVersion(version, file) });
  if (!packedLabels) return undefined;
  const names = version.endsWith(".tflite") ? [] : await readdir(version);
  const model = names.find((name) => name.endsWith(".tflite"));
  return labels({ tflite: model === undefined ? version : inVersion(version, model) });
}
