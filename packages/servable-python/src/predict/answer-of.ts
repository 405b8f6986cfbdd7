import { errors } from "../errors.js";
import type { CallAnswer } from "../protocol/worker-protocol.js";
import type { Reply } from "../worker/python-worker.js";
import type { WorkerLog } from "../worker/worker-log.js";

/**
 * Extracts the answer from a reply.
 *
 * @throws ServingError INTERNAL / MODEL_THREW or OUTPUT_INVALID. The Python traceback is logged, not sent to the
 * caller.
 */
export function answerOf({ answer }: Reply, log: WorkerLog): CallAnswer {
  const { error, text = "", trace } = answer;
  if (error === undefined) return answer;
  if (error === "output") throw errors.outputUnfit(text);
  log.trace(0, `predict raised ${text}`, trace ?? text);
  throw errors.modelThrew(text, trace);
}
