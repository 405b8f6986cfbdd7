import { inSlices, isServingError, type Logger, messageOf, type Steps } from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";
import type { ModelOutcome } from "../config/model-outcome.js";

/** Logs the outcome of each model after `where`, a file or a call, had asked for a reload. */
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
  /** The method by which it does, as its protocol calls it. */
  readonly method: string;
  /** The client's address. */
  readonly peer: string;
  readonly models: readonly Pick<ModelConfig, "name" | "basePath">[];
  readonly logger: Logger;
}

/** How many models an audit line names. */
const MAX_NAMED = 20;

/**
 * Does a reload that a client has asked for, and logs who asked for which models and the outcome of it; an
 * app that reloads by itself logs what it likes.
 */
export async function logReload(
  { method: where, peer, models, logger }: ClientReload,
  reload: () => Promise<ModelOutcome[]>,
): Promise<ModelOutcome[]> {
  const named = models.slice(0, MAX_NAMED).map(({ name, basePath }) => ({ name, basePath }));
  // As JSON: names come from the client, and must not forge a line.
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

/** A message without line breaks and other control characters, which a client may have put into it. */
const inOneLine = (message: string) =>
  message.replace(/\p{Control}/gu, (character) => JSON.stringify(character).slice(1, -1));

const MAX_QUOTED = 200;

const quote = (text: string) => JSON.stringify(text.slice(0, MAX_QUOTED));

/** Logs why a reload has changed nothing, unless that is the server's closing. */
export function logRefusedReload(where: string, error: unknown, logger: Logger): void {
  if (isServingError(error) && error.reason === "SERVER_CLOSING") return;
  logger.error({ where }, `${where}: the models stay as they are: ${inOneLine(messageOf(error))}`);
}

/** Errors of models that are of none of their versions, nor of their folder. */
const UNREPORTED = new Set(["LABEL_UNAVAILABLE", "MODEL_NOT_SETTLED"]);

/** Logs at the end of a start what was not logged already, when it happened. */
export function logUnreported(outcomes: readonly ModelOutcome[], logger: Logger): void {
  for (const { name, error } of outcomes) {
    if (error === undefined || !UNREPORTED.has(error.reason)) continue;
    logger.error({ model: name, reason: error.reason }, `model ${name}: ${error.message}`);
  }
}
