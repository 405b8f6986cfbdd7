import { inSlices, isServingError, type Logger, messageOf, type Steps } from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";
import type { ModelOutcome } from "../config/model-outcome.js";

/** Logs the outcome of each model of a reload. `where` names the file or call that requested it. */
export async function logOutcomes(
  where: string,
  outcomes: readonly ModelOutcome[],
  logger: Logger,
): Promise<void> {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  await inSlices(logFailures(where, failed, logger));
  const done = outcomes.length - failed.length;
  logger.info({ where }, `${where}: ${done} of ${outcomes.length} models are as configured`);
}

function* logFailures(where: string, failed: readonly ModelOutcome[], logger: Logger): Steps<void> {
  for (const { name, error } of failed) {
    const fields = { where, model: name, reason: error?.reason };
    logger.error(fields, `${where}: model ${name}: ${error?.message}`);
    yield;
  }
}

/** A reload that a client requests. */
export interface ClientReload {
  /** The client's method, as its protocol names it. */
  readonly method: string;
  /** The client's address. */
  readonly peer: string;
  readonly models: readonly Pick<ModelConfig, "name" | "basePath">[];
  readonly logger: Logger;
}

/** Maximum number of models that an audit line names. */
const MAX_NAMED = 20;

/**
 * Runs a reload that a client requested, and logs the client, the models and their outcomes. Reloads by the app itself
 * are not logged here.
 */
export async function logReload(
  { method: where, peer, models, logger }: ClientReload,
  reload: () => Promise<ModelOutcome[]>,
): Promise<ModelOutcome[]> {
  const named = models.slice(0, MAX_NAMED).map(({ name, basePath }) => ({ name, basePath }));
  // As JSON: names come from the client and must not be able to forge a log line.
  const list = named.map(({ name, basePath }) => `${quote(name)} at ${quote(basePath)}`).join(", ");
  const more = models.length > MAX_NAMED ? ", …" : "";
  const what = `${models.length} models${list && `: ${list}${more}`}`;
  logger.info({ where, peer, models: named }, `${where} by ${peer}: reloading ${what}`);
  try {
    const outcomes = await reload();
    await logOutcomes(where, outcomes, logger);
    return outcomes;
  } catch (error) {
    logRefusedReload(`${where} by ${peer}`, error, logger);
    throw error;
  }
}

/** Removes line breaks and other control characters, which may come from a client. */
const inOneLine = (message: string) =>
  message.replace(/\p{Control}/gu, (character) => JSON.stringify(character).slice(1, -1));

const MAX_QUOTED = 200;

const quote = (text: string) => JSON.stringify(text.slice(0, MAX_QUOTED));

/** Logs why a reload changed nothing, unless the server is closing. */
export function logRefusedReload(where: string, error: unknown, logger: Logger): void {
  if (isServingError(error) && error.reason === "SERVER_CLOSING") return;
  logger.error({ where }, `${where}: the models stay as they are: ${inOneLine(messageOf(error))}`);
}

/** Reasons of errors that concern a whole model rather than a version or its folder. */
const UNREPORTED = new Set(["LABEL_UNAVAILABLE", "MODEL_NOT_SETTLED"]);

/** Logs, at the end of a start, outcomes that were not logged when they occurred. */
export function logUnreported(outcomes: readonly ModelOutcome[], logger: Logger): void {
  for (const { name, error } of outcomes) {
    if (error === undefined || !UNREPORTED.has(error.reason)) continue;
    logger.error({ model: name, reason: error.reason }, `model ${name}: ${error.message}`);
  }
}
