import type { AudioOptions } from "../audio/audio.js";
import type { BoxesOptions } from "../boxes/boxes.js";
import type { ImageOptions } from "../image/image-options.js";
import type { PresetName } from "../image/presets.js";
import type { TokenizeSettings } from "../text/tokenize.js";

/** The callers' input that a step reads, and the model's input that it produces. */
export interface InputNames {
  /** The name of the input that callers pass. Default: the name of the step: `image`, `text` or `sound`. */
  readonly name?: string | undefined;
  /** The input of the model. Default: the only one that no other step produces. */
  readonly input?: string | undefined;
}

/** `image` in a configuration. The defaults of `size`, `layout` and `dtype` come from the model's input. */
export interface ImageConfig
  extends Partial<Omit<ImageOptions, "size" | "range" | "quantization">>,
    InputNames {
  /** A preset, whose options the others override. */
  readonly preset?: PresetName | undefined;
  readonly size?: number | readonly number[] | undefined;
  readonly range?: readonly number[] | undefined;
}

/** `tokenize` in a configuration. The defaults of `dtype` and `padTo` come from the model's inputs. */
export interface TokenizeConfig extends TokenizeSettings, Pick<InputNames, "name"> {
  /** A `tokenizer.json`. A relative path is resolved against the folder of the version. Default `tokenizer.json`. */
  readonly file?: string | undefined;
  /** A `vocab.txt` of BERT instead of `file`. */
  readonly vocab?: string | undefined;
  readonly lowercase?: boolean | undefined;
  /**
   * The model's inputs for `input_ids`, `attention_mask` and `token_type_ids`. Default: the inputs with these names.
   */
  readonly inputs?: Readonly<Record<string, string>> | undefined;
}

/** `audio` in a configuration. The default of `length` comes from the model's input. */
export interface AudioConfig extends AudioOptions, InputNames {}

/** A step before the model. Set exactly one member. */
export interface BeforeConfig {
  readonly image?: ImageConfig | undefined;
  readonly tokenize?: TokenizeConfig | undefined;
  readonly audio?: AudioConfig | undefined;
}

/** The source of class names: at most one member. Default: classes are numbers. */
export interface LabelsConfig {
  /** A file with one label per line. A relative path is resolved against the folder of the version. */
  readonly labels?: string | undefined;
  /** The text file in the metadata of a `.tflite` model. */
  readonly packedLabels?: boolean | undefined;
}

/** The output of the model that a step reads. */
export interface OutputName {
  /** Default: the only output. */
  readonly output?: string | undefined;
}

/** `topK` in a configuration. */
export interface TopKConfig extends OutputName, LabelsConfig {
  readonly k: number;
  /** The output with the labels of an ONNX model's ZipMap, such as `output_probability_labels`. */
  readonly labelsOutput?: string | undefined;
}

/** `boxes` in a configuration, with the names of the outputs. */
export interface BoxesConfig extends Omit<BoxesOptions, "image" | "labels">, LabelsConfig {
  readonly boxes: string;
  readonly scores: string;
  readonly classes?: string | undefined;
  readonly count?: string | undefined;
}

/** A step after the model. Set exactly one member. */
export interface AfterConfig {
  readonly softmax?: OutputName | undefined;
  readonly sigmoid?: OutputName | undefined;
  readonly topK?: TopKConfig | undefined;
  readonly boxes?: BoxesConfig | undefined;
}

/** The steps before and after a model, in order, as a configuration lists them. */
export interface ProcessingConfig {
  /** The signature of the model to call. Default `serving_default`. */
  readonly signature?: string | undefined;
  readonly before?: readonly BeforeConfig[] | undefined;
  readonly after?: readonly AfterConfig[] | undefined;
}
