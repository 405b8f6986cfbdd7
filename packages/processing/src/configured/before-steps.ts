import { readFile } from "node:fs/promises";
import { spec, type TensorSpec, tensor } from "@serving-kit/inference";
import { audio } from "../audio/audio.js";
import { type ImageReader, image } from "../image/image.js";
import type { ImageDType, ImageOptions } from "../image/image-options.js";
import { presets } from "../image/presets.js";
import type { Scale } from "../rows.js";
import { type TokenDType, tokenize } from "../text/tokenize.js";
import { inVersion } from "./in-version.js";
import type { AudioConfig, ImageConfig, TokenizeConfig } from "./processing-config.js";
import { type BeforeStep, chosen, type StepScope, unfit } from "./step.js";

/** Inputs of the model that no step produces yet. */
export type OpenInputs = ReadonlyMap<string, TensorSpec>;

/** The step `image`, and the reader for `boxes`. */
export function imageStep(
  { preset, name = "image", input, ...own }: ImageConfig,
  open: OpenInputs,
): BeforeStep & { readonly reader: ImageReader; readonly name: string } {
  const where = "processing.before.image";
  const [target, wanted] = chosen(`${where}.input`, input, open);
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    unfit(`${where}.preset`, `expected one of ${Object.keys(presets).join(", ")}; got ${preset}`);
  }
  const given = { ...(preset && presets[preset]), ...withoutUndefined(own) };
  const options = { ...optionsOf(wanted), ...unlisted(given) } as ImageOptions;
  const { dtype } = wanted;
  const isInteger = dtype === "uint8" || dtype === "int8";
  const isReal =
    options.dtype === "float32" || ["range", "mean", "std"].some((option) => option in options);
  const asIntegers = isInteger && isReal && { dtype, quantization: quantizationOf(wanted) };
  const reader = image<ImageDType>({ ...options, ...asIntegers });
  if (dtype !== reader.dtype) {
    unfit(where, `the model's input "${target}" is ${dtype}; expected float32, uint8 or int8`);
  }
  checkShape(where, target, reader.shape, wanted);
  return {
    ...{ reader, name },
    inputs: { [name]: spec.string([-1]) },
    makes: [target],
    isRowwise: true,
    async run(inputs, context) {
      return { [target]: await reader(inputs[name] as never, context) };
    },
  };
}

/** Returns the first scale and zero point of the model's input; if it has none, pixels are unchanged. */
function quantizationOf({ quantization }: TensorSpec): Scale {
  const [scale = 1] = quantization?.scale ?? [];
  const [zeroPoint = 0] = quantization?.zeroPoint ?? [];
  return { scale: [scale], zeroPoint: [zeroPoint] };
}

/** Returns the size, layout, dtype and channels of the model's input. */
function optionsOf({ shape, dtype }: TensorSpec): Partial<ImageOptions> {
  const integer = dtype === "uint8" || dtype === "int8" ? { dtype } : {};
  if (shape?.length !== 4) return integer;
  const [, a = -1, b = -1, c = -1] = shape;
  const isNchw = (a === 3 || a === 1) && c !== 3 && c !== 1;
  const [height, width, channels] = isNchw ? [b, c, a] : [a, b, c];
  return {
    ...integer,
    ...(isNchw && { layout: "nchw" }),
    ...(height > 0 && width > 0 && { size: [height, width] }),
    ...(channels === 1 && { channels: "grey" }),
  };
}

/** Replaces lists of one number, which text protos produce, with the number. */
function unlisted(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const bare = (value: unknown) =>
    Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, bare(value)]));
}

function checkShape(where: string, name: string, made: readonly number[], { shape }: TensorSpec) {
  const fits =
    shape === null ||
    (shape.length === made.length &&
      shape.every((extent, i) => i === 0 || extent === -1 || extent === made[i]));
  if (!fits) unfit(where, `it makes [${made}]; the model's input "${name}" is [${shape}]`);
}

const TOKEN_INPUTS = ["input_ids", "attention_mask", "token_type_ids"] as const;

/** The step `tokenize`. */
export async function tokenizeStep(
  { name = "text", file = "tokenizer.json", vocab, inputs = {}, ...own }: TokenizeConfig,
  open: OpenInputs,
  { path }: StepScope,
): Promise<BeforeStep> {
  const where = "processing.before.tokenize";
  const targets = TOKEN_INPUTS.flatMap((kind) => {
    const target = inputs[kind] ?? kind;
    const wanted = open.get(target);
    if (wanted === undefined && kind in inputs) chosen(`${where}.inputs`, target, open);
    return wanted ? [{ kind, target, wanted }] : [];
  });
  const [first] = targets;
  if (first === undefined) {
    return unfit(`${where}.inputs`, `the model has no input ${TOKEN_INPUTS.join(", ")}; name them`);
  }
  const fixed = first.wanted.shape?.[1] ?? -1;
  const source =
    vocab === undefined
      ? { file: inVersion(path, file) }
      : { vocab: (await readFile(inVersion(path, vocab), "utf8")).trimEnd().split(/\r?\n/) };
  const dtype: TokenDType = first.wanted.dtype === "int32" ? "int32" : "int64";
  const tokens = await tokenize({
    ...source,
    dtype,
    ...(fixed > 0 && { padTo: fixed, maxLength: fixed }),
    ...withoutUndefined(own),
  });
  return {
    inputs: { [name]: spec.string([-1]) },
    makes: targets.map(({ target }) => target),
    isRowwise: tokens.tokens !== -1,
    async run(given, context) {
      const made = await tokens(given[name] as never, context);
      return Object.fromEntries(targets.map(({ kind, target }) => [target, made[kind]]));
    },
  };
}

/** The step `audio`. */
export function audioStep(
  { name = "sound", input, ...own }: AudioConfig,
  open: OpenInputs,
): BeforeStep {
  const where = "processing.before.audio";
  const [target, { shape }] = chosen(`${where}.input`, input, open);
  const options = withoutUndefined(own);
  const fixed = shape?.[1] ?? -1;
  const hasLength = "length" in options || "window" in options;
  const samples = audio({ ...options, ...(fixed > 0 && !hasLength && { length: fixed }) });
  // A model with a single sound as input, such as YAMNet, has no batch dimension.
  const isFlat = shape?.length === 1;
  return {
    inputs: { [name]: isFlat ? spec.string([]) : spec.string([-1]) },
    makes: [target],
    isRowwise: !isFlat && "length" in options ? true : fixed > 0 && !hasLength && !isFlat,
    async run(inputs, context) {
      const made = await samples(inputs[name] as never, context);
      return { [target]: isFlat ? tensor("float32", [made.data.length], made.data) : made };
    },
  };
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as T;
}
