import { z } from "zod";
import { messageField, type WireFields, type WireValues, wireMessage } from "./wire-message.js";

/**
 * Steps before and after a model, which the server's processor interprets. See `ProcessingConfig` of
 * `@serving-kit/processing`.
 */
export interface ModelProcessing {
  /** The signature of the model to call. Default `serving_default`. */
  readonly signature?: string | undefined;
  readonly before?: readonly object[] | undefined;
  readonly after?: readonly object[] | undefined;
}

const text = (id: number, description: string) =>
  ({ id, type: "string", schema: z.string().min(1).meta({ description }) }) as const;
const number = (id: number, description: string) =>
  ({ id, type: "double", schema: z.number().meta({ description }) }) as const;
const integer = (id: number, description: string) =>
  ({ id, type: "int32", schema: z.int().meta({ description }) }) as const;
const flag = (id: number, description: string) =>
  ({ id, type: "bool", schema: z.boolean().meta({ description }) }) as const;
/** One or more numbers; text protos write them as a list. */
const numbers = (id: number, description: string) =>
  ({
    id,
    type: "double",
    rule: "repeated",
    schema: z.union([z.number(), z.array(z.number())]).meta({ description }),
  }) as const;

const part = <const F extends WireFields>(
  id: number,
  name: string,
  fields: F,
  rule?: "repeated",
) => {
  const message = wireMessage(name, fields);
  const { schema } = message;
  return {
    id,
    type: message,
    ...(rule && { rule }),
    schema: rule ? z.array(schema) : schema,
  } as const;
};

const crop = part(9, "ImageCrop", {
  shorter: integer(1, "Resizes the shorter side to this number of pixels, then crops the middle."),
  fraction: number(2, "Crops the middle: this fraction of both sides."),
});

const image = part(1, "ImageStep", {
  name: text(1, "The input that callers pass. Default image."),
  input: text(2, "The input of the model. Default: the only one."),
  preset: text(3, "mobilenet, resnet, torchvision or clip. Other fields replace its options."),
  size: numbers(4, "Height and width, or one number. Default: those of the model's input."),
  layout: text(5, "nhwc or nchw. Default: that of the model's input."),
  channels: text(6, "rgb, bgr or grey. Default rgb."),
  dtype: text(7, "float32, uint8 or int8. Default: that of the model's input."),
  resize: text(8, "Such as pillow-bilinear, the default, or tf-bilinear."),
  crop,
  pad: numbers(10, "The fill value around a picture that keeps its aspect ratio."),
  range: numbers(11, "The values that 0 and 255 are mapped to. Default 0 and 255."),
  mean: numbers(12, "Subtracted per channel, after range."),
  std: numbers(13, "Divides each channel, after mean."),
  max_pixels: integer(14, "Maximum number of pixels of a picture. Default 16000000."),
});

const tokenize = part(2, "TokenizeStep", {
  name: text(1, "The input that callers pass. Default text."),
  file: text(2, "tokenizer.json, the default: a path relative to the folder of the version."),
  vocab: text(3, "A vocab.txt of BERT, instead of file."),
  lowercase: flag(4, "Whether the vocabulary is lower case. Default true."),
  dtype: text(5, "int32 or int64. Default: that of the model's inputs."),
  max_length: integer(6, "Maximum number of tokens. Default: the file's."),
  pad_to: integer(7, "The number of tokens to which texts are padded. Default: the file's."),
  max_characters: integer(8, "Maximum length of a text. Default 100000."),
  inputs: {
    id: 9,
    type: "string",
    rule: "map",
    schema: z.record(z.string(), z.string()).meta({
      description: "The model's inputs by input_ids, attention_mask and token_type_ids.",
    }),
  },
});

const pcm = part(5, "PcmFormat", {
  rate: integer(1, "Samples a second."),
  channels: integer(2, "Default 1."),
  format: text(3, "uint8, int16, int24, int32, float32 or float64. Default int16."),
});

const audio = part(3, "AudioStep", {
  name: text(1, "The input that callers pass. Default sound."),
  input: text(2, "The input of the model. Default: the only one."),
  rate: integer(3, "Samples a second that the model takes."),
  channels: integer(4, "Channels that the model takes. Default 1."),
  pcm,
  length: integer(
    6,
    "The number of samples to which each sound is cut or padded. Default: that of the model's input.",
  ),
  window: integer(7, "Splits a sound into rows of this many samples."),
  hop: integer(8, "Samples between the starts of rows. Default: window."),
  max_seconds: number(9, "Maximum length of a sound. Default 600."),
});

const output = text(1, "The output of the model. Default: the only one.");
const labels = text(
  3,
  "A file with one label per line: a path relative to the folder of the version.",
);
const packed_labels = flag(4, "Uses the labels in the metadata of the .tflite model.");

const after = {
  softmax: part(1, "SoftmaxStep", { output }),
  sigmoid: part(2, "SigmoidStep", { output }),
  top_k: part(3, "TopKStep", {
    output,
    k: { ...integer(2, "How many classes, best first."), isRequired: true },
    ...{ labels, packed_labels },
    labels_output: text(5, "The output with the labels of an ONNX model's ZipMap."),
  }),
  boxes: part(4, "BoxesStep", {
    boxes: { ...text(1, "The output with the boxes."), isRequired: true },
    scores: { ...text(2, "The output with their scores."), isRequired: true },
    ...{ labels, packed_labels },
    classes: text(5, "The output with their classes. Default: scores contains them."),
    count: text(6, "The output with the number of boxes. Default: all boxes count."),
    format: text(7, "yxyx, xyxy or xywh. Default yxyx."),
    units: text(8, "shares (fractions of the sides) or pixels. Default shares."),
    min_score: number(9, "Boxes with lower scores are left out. Default 0.5."),
    max_boxes: integer(10, "Maximum number of boxes per picture. Default 20."),
    max_overlap: number(11, "Non-maximum suppression above this overlap. Default none."),
  }),
} as const;

const processing = wireMessage("ModelProcessing", {
  signature: text(1, "The signature of the model to call. Default serving_default."),
  before: part(2, "BeforeStep", { image, tokenize, audio }, "repeated"),
  after: part(3, "AfterStep", after, "repeated"),
});

/** The steps before and after a model. */
export const processingField = messageField(
  processing,
  "Steps before and after the model: pictures, texts or sound in, labels out.",
);

/** Checks `ModelProcessing`. The steps themselves are checked when a version is loaded. */
export const processingSchema: z.ZodType = z.strictObject({
  signature: z.string().min(1).optional(),
  before: z.array(z.looseObject({})).optional(),
  after: z.array(z.looseObject({})).optional(),
});

/** Returns the option from its fields: the same with names in camel case. */
export function readProcessing(values: WireValues<(typeof processing)["fields"]>): ModelProcessing {
  return inCamelCase(values) as ModelProcessing;
}

/** The keys of `inputs` are names of callers and are not renamed. */
function inCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      name === "inputs" ? member : inCamelCase(member),
    ]),
  );
}
