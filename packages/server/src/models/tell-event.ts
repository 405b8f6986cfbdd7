import type { Logger, ManagerEvent } from "@serving-kit/core";
import { stateLine } from "./state-line.js";

/** Tells an operator, in the log, of an event of the manager at `nowMs`; labels say nothing there. */
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
