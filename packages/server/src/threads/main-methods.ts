import { type Clock, inSlices, type Logger, type ServableId, type Steps } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelOutcome } from "../config/model-outcome.js";
import { errors } from "../errors.js";
import type { MainMethods, ThreadOutcome } from "./loop-messages.js";
import { readError, writeError } from "./thread-error.js";
import { moveBody, moveTensors, readTensors } from "./thread-tensors.js";
import type { ThreadsHost } from "./threads-host.js";

/** The dependencies of the main thread's methods. */
export interface MainContext {
  /** Returns the server. Throws SERVER_STARTING (UNAVAILABLE) before it exists. */
  host(): ThreadsHost;
  /** Returns the predictor that runs the calls of a version that loops forward to the main thread. */
  remote(id: ServableId): Predictor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes outcomes, one in each step: those of thousands of models would hold the event loop. */
function* written(outcomes: readonly ModelOutcome[]): Steps<ThreadOutcome[]> {
  const all: ThreadOutcome[] = [];
  for (const { name, error } of outcomes) {
    // Without the stack, which is most of the message, and which no response shows.
    all.push({ name, ...(error && { error: { ...writeError(error), stack: undefined } }) });
    yield;
  }
  return all;
}

/** Creates the methods of the main thread that loops call. */
export function mainMethods({ host, remote, clock, logger }: MainContext): MainMethods {
  return {
    async predict({ id, inputs, leftMs, wantsFacts, signature, outputs }, signal, onFact) {
      const answer = await remote(id).predict(readTensors(inputs), {
        ...(signature !== undefined && { signature }),
        ...(outputs && { outputs }),
        ...(leftMs !== undefined && { deadlineAtMs: clock.now() + leftMs }),
        ...(wantsFacts && { onFact }),
        signal,
      });
      return moveTensors(answer);
    },

    async respond({ id, body, format, leftMs, wantsFacts }, signal, onFact) {
      const predictor = remote(id);
      if (predictor.respond === undefined) throw errors.respondMissing(id);
      const answer = await predictor.respond(body, format, {
        ...(leftMs !== undefined && { deadlineAtMs: clock.now() + leftMs }),
        ...(wantsFacts && { onFact }),
        signal,
      });
      return moveBody(answer.body, (moved) => ({ ...answer, body: moved }));
    },

    async reload({ models, timeoutMs, peer, method }, signal) {
      const limit = timeoutMs !== undefined && { timeoutMs };
      const outcomes = await host().core.reload(models, { signal, peer, method, ...limit });
      return inSlices(written(outcomes));
    },

    authorize: async (request) => (await host().authorize?.(request)) === true,

    counts: (names) => host().core.counts(names),

    ask: ({ name, message }) => host().observers.answer(name, message),

    log({ level, fields, message, error }) {
      logger[level](error ? { ...fields, err: readError(error) } : fields, message);
    },
  };
}
