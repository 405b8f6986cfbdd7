import type { Logger, ServableId } from "@serving-kit/core";
import type { LogLine } from "../protocol/worker-protocol.js";

/** Logs the output of a version's workers. */
export class WorkerLog {
  readonly #logger: Logger;
  readonly #model: { readonly model: string; readonly version: string };

  constructor(logger: Logger, { name, version }: ServableId) {
    this.#logger = logger;
    this.#model = { model: name, version: String(version) };
  }

  /** Logs a printed line: stdout as `info`, stderr as `warn`. */
  line(pid: number, stream: "stdout" | "stderr", line: string): void {
    if (line.trim() === "") return;
    const fields = { ...this.#model, pid, stream };
    if (stream === "stdout") this.#logger.info(fields, `python: ${line}`);
    else this.#logger.warn(fields, `python: ${line}`);
  }

  /** Logs a record of Python's `logging`. */
  record(pid: number, { level, name, text }: LogLine): void {
    const known = level === "warn" || level === "error" ? level : "info";
    this.#logger[known]({ ...this.#model, pid, logger: String(name) }, `python: ${String(text)}`);
  }

  /** Logs an exception of the model with its Python traceback. */
  trace(pid: number, problem: string, trace: string): void {
    const { model, version } = this.#model;
    this.#logger.error(
      { ...this.#model, pid, trace },
      `model ${model} version ${version}: ${problem}`,
    );
  }

  info(message: string): void {
    const { model, version } = this.#model;
    this.#logger.info(this.#model, `model ${model} version ${version}: ${message}`);
  }

  warn(message: string): void {
    const { model, version } = this.#model;
    this.#logger.warn(this.#model, `model ${model} version ${version}: ${message}`);
  }
}
