import { isServingError, type Loader, type Logger } from "@serving-kit/core";
import type { Platform, Predictor } from "@serving-kit/inference";

/**
 * The flags of the command by the options that messages of the libraries name, as in `option tags` or
 * `option startUpPolicy: "none"`. Undefined: the command never sets the option.
 */
export const FLAG_OF_OPTION: Readonly<Record<string, string | undefined>> = {
  tags: "saved_model_tags",
  startUpPolicy: "start_up_policy",
  state: "tflite_state",
  uncheckedOps: "tflite_unchecked_ops",
  maxTensorBytes: "tflite_max_tensor_bytes",
  batch: "tflite_batch",
  resizeFixed: "tflite_resize_fixed",
  threads: "http_threads",
  opLibraries: "tensorflow_op_libraries",
  library: undefined,
  useXnnpack: undefined,
};

/** The flags of the model without a configuration file, by the fields of its configuration. */
const FLAG_OF_FIELD: Readonly<Record<string, string>> = {
  name: "model_name",
  basePath: "model_base_path",
};

/** The flags of files, by what the library calls them. */
const FLAG_OF_FILE: Readonly<Record<string, string>> = {
  "model config file": "model_config_file",
  "batching parameters file": "batching_parameters_file",
  "SSL config file": "ssl_config_file",
  "monitoring config file": "monitoring_config_file",
  "session config file": "tensorflow_session_config_file",
  "platform config file": "platform_config_file",
};

const FILE = new RegExp(`^(${Object.keys(FLAG_OF_FILE).join("|")})(?=: )`);
const OPTION = /\b(?:the )?option (\w+)(?:: ("[^"]*"|true|false|\d+))?/g;
const MODEL_FIELD = /\bmodels\[(\d+)\]\.(\w+)/g;

/**
 * Writes a message of a library in the words of the command: `the option tags` becomes `--saved_model_tags`, and
 * `models[0].basePath` becomes `--model_base_path`, or the field of the model config file if there is one.
 */
export function inFlagWords(message: string, hasModelFile = false): string {
  return message
    .replace(FILE, (file) => `--${FLAG_OF_FILE[file]}`)
    .replace(OPTION, (words, option: string, value?: string) => {
      const flag = Object.hasOwn(FLAG_OF_OPTION, option) ? FLAG_OF_OPTION[option] : undefined;
      if (flag === undefined) return words;
      return value === undefined ? `--${flag}` : `--${flag}=${value.replaceAll('"', "")}`;
    })
    .replace(MODEL_FIELD, (words, index: string, field: string) => {
      if (hasModelFile) return `model_config_list.config[${index}].${protoName(field)}`;
      return Object.hasOwn(FLAG_OF_FIELD, field) ? `--${FLAG_OF_FIELD[field]}` : words;
    });
}

const protoName = (field: string) =>
  field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A logger that names flags in its messages. */
export function loggerInFlagWords(logger: Logger, hasModelFile: boolean): Logger {
  const words = (message: string) => inFlagWords(message, hasModelFile);
  return {
    info: (fields, message) => logger.info(fields, words(message)),
    warn: (fields, message) => logger.warn(fields, words(message)),
    error: (fields, message) => logger.error(fields, words(message)),
  };
}

/** A platform whose load errors, which become the state of a version, name flags. */
export function platformInFlagWords(platform: Platform): Platform {
  const loader: Platform["loader"] = (storage, id): Loader<Predictor> => {
    const inner = platform.loader(storage, id);
    return {
      ...inner,
      load: (context) => inner.load(context).catch((error) => rethrowInFlagWords(error)),
      ...(inner.probe && {
        probe: async (context) =>
          inner.probe?.(context).catch((error) => rethrowInFlagWords(error)),
      }),
    };
  };
  return Object.assign((source: Parameters<Platform>[0]) => platform(source), {
    ...platform,
    loader,
  });
}

/**
 * Throws an error of a library with flags in its message. The message is replaced in the error itself:
 * code, reason, details and cause stay as they are.
 */
export function rethrowInFlagWords(error: unknown, hasModelFile = false): never {
  if (isServingError(error)) error.message = inFlagWords(error.message, hasModelFile);
  throw error;
}
