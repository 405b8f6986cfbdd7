import type { LoadContext } from "@serving-kit/core";

/** Logs the events of one version. Silent without a logger, or without an id to name the version. */
export class ModelLog {
  readonly #context: Partial<Pick<LoadContext, "id" | "logger">>;

  constructor(context: Partial<Pick<LoadContext, "id" | "logger">>) {
    this.#context = context;
  }

  info(event: string, fields: object = {}): void {
    this.#write("info", event, fields);
  }

  warn(event: string, fields: object = {}): void {
    this.#write("warn", event, fields);
  }

  #write(level: "info" | "warn", event: string, fields: object): void {
    const { id, logger } = this.#context;
    if (id === undefined) return;
    const { name, version } = id;
    const message = `model ${name} version ${version}: ${event}`;
    logger?.[level]({ model: name, version: String(version), ...fields }, message);
  }
}
