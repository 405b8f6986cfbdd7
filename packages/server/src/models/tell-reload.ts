import { isServingError, type Logger, messageOf } from "@serving-kit/core";
import type { ModelOutcome } from "./start-up.js";

/** Tells what became of each model after `where`, a file or a call, had asked for a reload. */
export function tellOutcomes(
  where: string,
  outcomes: readonly ModelOutcome[],
  logger: Logger,
): void {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  for (const { name, error } of failed) {
    const fields = { where, model: name, reason: error?.reason };
    logger.error(fields, `${where}: model ${name}: ${error?.message}`);
  }
  const done = outcomes.length - failed.length;
  logger.info({ where }, `${where}: ${done} of ${outcomes.length} models are as configured`);
}

/**
 * Does a reload of so many models that a client has asked for by the call `where`, and tells what became
 * of it; an app that reloads by itself tells what it likes.
 */
export async function tellReload(
  where: string,
  count: number,
  reloading: Promise<ModelOutcome[]>,
  logger: Logger,
): Promise<ModelOutcome[]> {
  logger.info({ where }, `${where}: reloading ${count} models`);
  try {
    const outcomes = await reloading;
    tellOutcomes(where, outcomes, logger);
    return outcomes;
  } catch (error) {
    tellRefused(where, error, logger);
    throw error;
  }
}

/** Tells why a reload has changed nothing, unless that is the server's closing. */
export function tellRefused(where: string, error: unknown, logger: Logger): void {
  if (isServingError(error) && error.reason === "SERVER_CLOSING") return;
  logger.error({ where }, `${where}: the models stay as they are: ${messageOf(error)}`);
}

/** Errors of models that are of none of their versions, nor of their folder. */
const UNTOLD = new Set(["LABEL_UNAVAILABLE", "MODEL_NOT_SETTLED"]);

/** Tells at the end of a start what was not told already, when it happened. */
export function tellUntold(outcomes: readonly ModelOutcome[], logger: Logger): void {
  for (const { name, error } of outcomes) {
    if (error === undefined || !UNTOLD.has(error.reason)) continue;
    logger.error({ model: name, reason: error.reason }, `model ${name}: ${error.message}`);
  }
}
