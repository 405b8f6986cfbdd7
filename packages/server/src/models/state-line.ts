import type { Logger, ManagerEvent, ServableState } from "@serving-kit/core";

/** The log line of a version's state. */
export interface StateLine {
  /** True if an operator must act. */
  readonly isError: boolean;
  readonly message: string;
}

/**
 * The log line of a version's state at `nowMs`: the model, the state, and the condition that it waits for. For a
 * failure, also the number of the attempt and the time until a retry.
 */
export function stateLine(state: ServableState, nowMs: number): StateLine {
  const { id, error, waitingFor, attempts, nextAttemptAtMs = nowMs } = state;
  const version = `model ${id.name} version ${id.version}`;
  const waiting = waitingFor ? `, waiting for ${waitingFor}` : "";
  const line = (isError: boolean, text: string) => ({ isError, message: `${version}: ${text}` });
  if (error === undefined) return line(false, `${state.state}${waiting}`);
  if (waitingFor === "retry") {
    const seconds = Math.round(Math.max(0, nextAttemptAtMs - nowMs) / 100) / 10;
    return line(true, `attempt ${attempts} failed, retry in ${seconds} s: ${error.message}`);
  }
  if (state.state === "end") {
    const tries = attempts > 1 ? ` after ${attempts} attempts` : "";
    return line(true, `end${tries}: ${error.message}`);
  }
  // The error of the previous attempt was logged when it failed.
  if (waitingFor !== "resources") return line(false, `${state.state}${waiting}`);
  return line(true, `${state.state}${waiting}: ${error.message}`);
}

/** Logs an event of the manager at `nowMs`. Label events are not logged. */
export function tellEvent(event: ManagerEvent, nowMs: number, logger: Logger): void {
  if (event.kind === "labels") return;
  if (event.kind !== "state") {
    logger.warn({ event: event.kind, err: event.error }, `manager: ${event.kind}`);
    return;
  }
  const { id, state, error } = event;
  const fields = { model: id.name, version: String(id.version), state };
  const { isError, message } = stateLine(event, nowMs);
  if (isError) logger.error({ ...fields, reason: error?.reason }, message);
  else logger.info(fields, message);
}
