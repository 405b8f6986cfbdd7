/**
 * Converts images, text and sound to tensors, and scores to labels and boxes, as the training libraries do: functions
 * for `before` and `after` of `mapPredictor`.
 *
 * @packageDocumentation
 */
export { type AudioOptions, audio, type SoundReader, type Sounds } from "./audio/audio.js";
export type { SampleFormat } from "./audio/sound.js";
export { type BoxesOptions, boxes, type Detections, type PictureBoxes } from "./boxes/boxes.js";
export { type ProcessContext, processLoaded } from "./configured/configured.js";
export type {
  AfterConfig,
  AudioConfig,
  BeforeConfig,
  BoxesConfig,
  ImageConfig,
  ProcessingConfig,
  TokenizeConfig,
  TopKConfig,
} from "./configured/processing-config.js";
export { type ImageReader, image, type Pictures } from "./image/image.js";
export type { Crop, ImageDType, ImageOptions } from "./image/image-options.js";
export type { PictureSize, Placement } from "./image/placement.js";
export { type PresetName, presets } from "./image/presets.js";
export type { ProcessingLimits } from "./processing-limits.js";
export type { Axis } from "./resize/axis.js";
export type { ResizeMethod } from "./resize/resize.js";
export type { Scale } from "./rows.js";
export { type LabelSource, labels } from "./scores/labels.js";
export { sigmoid } from "./scores/sigmoid.js";
export { softmax } from "./scores/softmax.js";
export { type TopK, type TopKOptions, topK } from "./scores/top-k.js";
export {
  type TextReader,
  type Texts,
  type TokenDType,
  type TokenizeOptions,
  type TokenizeSettings,
  type Tokens,
  tokenize,
} from "./text/tokenize.js";
export type { TokenizerSource } from "./text/tokenizer-file.js";
