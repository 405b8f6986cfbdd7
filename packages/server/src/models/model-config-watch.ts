import {
  type Clock,
  isServingError,
  type Logger,
  messageOf,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";
import type { ModelConfigFile } from "../config/model-config-file.js";
import type { ModelOutcome } from "../config/model-outcome.js";
import { errors } from "../errors.js";
import { logOutcomes } from "./log-reload.js";

/** Options of `watchModelConfig`. */
export interface ModelConfigWatchOptions {
  /** The content of the file that the server was created from. */
  readonly file: ModelConfigFile;
  /** Replaces the models of the server; pass the server's `reload`. */
  readonly reload: (models: readonly ModelConfig[]) => Promise<readonly ModelOutcome[]>;
  /** Time in ms between polls of the file. Default 0: the file is only read by `reload`. */
  readonly pollIntervalMs?: number | undefined;
  /** Logs each change with its outcome, and each problem of the file once. */
  readonly logger?: Logger | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Returns the text of a file. Default: reads it, at most 1 MiB. */
  readonly read?: ((path: string) => Promise<string>) | undefined;
}

/** Watches a model config file until it is disposed of. */
export interface ModelConfigWatch extends Disposable {
  /**
   * Reads the file now and reloads, whether or not the file has changed. Call it on SIGHUP. Resolves with the outcome
   * of each model; rejects as `readModelConfigFile` and the server's `reload` do. Outcomes and errors are logged too.
   */
  reload(): Promise<readonly ModelOutcome[]>;
}

/**
 * Watches a model config file and reloads when its text has changed.
 *
 * A file that cannot be read or is invalid changes nothing: the models stay as they are, and an error is logged once as
 * long as it stays the same. The same applies to a file without models after one with models, as in TF Serving. A
 * change does not wait for the models of an earlier change to load.
 *
 * @example
 * ```ts
 * const file = await openModelConfigFile("models.yaml");
 * const server = await createModelServer({ platforms, models: file.models });
 * using watch = watchModelConfig({
 *   file,
 *   reload: (models) => server.reload(models),
 *   pollIntervalMs: 10_000,
 * });
 * process.on("SIGHUP", () => watch.reload().catch(() => {}));
 * ```
 */
export function watchModelConfig(options: ModelConfigWatchOptions): ModelConfigWatch {
  const { clock = systemClock, pollIntervalMs = 0 } = options;
  const watched = new WatchedFile(options);
  let timer: Disposable | undefined;
  const schedule = () => {
    timer = clock.setTimeout(() => void poll(), pollIntervalMs);
  };
  const poll = async () => {
    await watched.look();
    if (timer) schedule();
  };
  if (pollIntervalMs > 0) schedule();
  return {
    reload: () => watched.reload(),
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      timer = undefined;
      watched.end();
    },
  };
}

/** Loads the readers of config files on first use. */
const readers = () => import("../config/model-config-file.js");

class WatchedFile {
  readonly #path: string;
  readonly #reload: ModelConfigWatchOptions["reload"];
  readonly #logger: Logger;
  readonly #read: (path: string) => Promise<string>;
  /** The text that was applied last. */
  #text: string;
  /** True if a file with a `model_config_list` was read; undefined until the first change. */
  #isConfigured: boolean | undefined;
  /** The last reported problem of the file. */
  #told: string | undefined;
  #hasEnded = false;
  #reading: Promise<string> | undefined;
  #nextRead: Promise<string> | undefined;

  constructor({
    file,
    reload,
    logger = silentLogger,
    read = async (path) => (await readers()).readModelConfigText(path),
  }: ModelConfigWatchOptions) {
    this.#path = file.path;
    this.#text = file.text;
    this.#reload = reload;
    this.#logger = logger;
    this.#read = read;
  }

  /** Reads the file, and reloads if it has changed, without waiting for the models. */
  async look(): Promise<void> {
    try {
      const text = await this.#nextText();
      if (this.#hasEnded) return;
      this.#told = undefined;
      if (text !== this.#text) void this.#apply(text).catch(() => {});
    } catch (error) {
      this.#tell(error);
    }
  }

  async reload(): Promise<readonly ModelOutcome[]> {
    this.#told = undefined; // a requested reload logs the problem again
    try {
      return await this.#apply(await this.#nextText());
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  end(): void {
    this.#hasEnded = true;
  }

  /**
   * Reads the file with a read that starts after this call. Only one read is in progress at a time, and all callers
   * that arrive meanwhile share the next one: a file system that hangs blocks only one thread.
   */
  #nextText(): Promise<string> {
    if (this.#reading === undefined) return this.#startRead();
    const start = () => {
      this.#nextRead = undefined;
      return this.#startRead();
    };
    this.#nextRead ??= this.#reading.then(start, start);
    return this.#nextRead;
  }

  #startRead(): Promise<string> {
    const reading = this.#read(this.#path).finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #apply(text: string): Promise<readonly ModelOutcome[]> {
    const before = this.#text;
    this.#text = text;
    const path = this.#path;
    try {
      const { modelsOf } = await readers();
      this.#isConfigured ??= modelsOf(before, path, silentLogger) !== undefined;
      const models = modelsOf(text, path, this.#logger);
      if (models === undefined) {
        if (this.#isConfigured) throw errors.configEmptied(path);
        this.#logger.info({ path }, `${path}: Taking no action for empty config.`);
        return [];
      }
      this.#isConfigured = true;
      this.#logger.info({ path }, `${path}: reloading ${models.length} models`);
      const outcomes = await this.#reload(models);
      await logOutcomes(path, outcomes, this.#logger);
      return outcomes;
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  /** Logs an error once, unless the server is closing. */
  #tell(error: unknown): void {
    const message = messageOf(error);
    const isExpected = isServingError(error) && error.reason === "SERVER_CLOSING";
    if (this.#hasEnded || isExpected || message === this.#told) return;
    this.#told = message;
    const path = this.#path;
    this.#logger.error({ path }, `the models stay as they are: ${message}`);
  }
}
