import { isServingError, type Logger, wrapLoader } from "@serving-kit/core";
import { type Platform, withMembers } from "@serving-kit/inference";
import { builtIns } from "./built-ins.js";

/** The command's flag for each option that messages name; undefined if the command never sets the option. */
export const FLAG_OF_OPTION: Readonly<Record<string, string | undefined>> = {
  startUpPolicy: "start_up_policy",
  threads: "http_threads",
  stateDir: "state_dir",
  modelCache: "model_cache_dir",
  pollIntervalMs: "file_system_poll_wait_seconds",
  loadTimeoutMs: "load_timeout_in_ms",
  unloadTimeoutMs: "unload_timeout_in_ms",
  ...Object.assign({}, ...builtIns.platforms.map(({ flagOfOption }) => flagOfOption)),
};

/** The command's flag for each configuration field of a model that is set without a model config file. */
const FLAG_OF_FIELD: Readonly<Record<string, string>> = {
  name: "model_name",
  basePath: "model_base_path",
  platform: "model_platform",
};

/** The flag of each file, by the library's name for the file. */
const FLAG_OF_FILE: Readonly<Record<string, string>> = {
  "model config file": "model_config_file",
  "batching parameters file": "batching_parameters_file",
  "SSL config file": "ssl_config_file",
  "monitoring config file": "monitoring_config_file",
  "platform config file": "platform_config_file",
  ...Object.assign({}, ...builtIns.platforms.map(({ flagOfFile }) => flagOfFile)),
};

const FILE = new RegExp(`^(${Object.keys(FLAG_OF_FILE).join("|")})(?=: )`);
const OPTION = /\b(?:the )?option (\w+)(?:: ("[^"]*"|true|false|\d+))?/g;
const MODEL_FIELD = /\bmodels\[(\d+)\]\.(\w+)/g;

/**
 * Replaces option names in a library's message with flags: `the option tags` becomes `--saved_model_tags`, and
 * `models[0].basePath` becomes `--model_base_path`, or the field name if there is a model config file.
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

/** A logger that replaces option names with flags in its messages. */
export function loggerInFlagWords(logger: Logger, hasModelFile: boolean): Logger {
  const words = (message: string) => inFlagWords(message, hasModelFile);
  return {
    info: (fields, message) => logger.info(fields, words(message)),
    warn: (fields, message) => logger.warn(fields, words(message)),
    error: (fields, message) => logger.error(fields, words(message)),
  };
}

/** A platform with flags instead of option names in its load errors, which become the state of a version. */
export function platformInFlagWords(platform: Platform): Platform {
  return withMembers(platform, {
    loader(storage, id) {
      const inner = platform.loader(storage, id);
      const { probe } = inner;
      return {
        ...wrapLoader(inner, (context) => inner.load(context).catch(rethrow)),
        ...(probe && { probe: async (context) => probe.call(inner, context).catch(rethrow) }),
      };
    },
  });
}

const rethrow = (error: unknown): never => rethrowInFlagWords(error);

/**
 * Rethrows a library's error with flags instead of option names in its message. Changes the message of the error
 * itself; code, reason, details and cause stay the same.
 */
export function rethrowInFlagWords(error: unknown, hasModelFile = false): never {
  if (isServingError(error)) error.message = inFlagWords(error.message, hasModelFile);
  throw error;
}
