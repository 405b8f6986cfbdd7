import type { Clock, Logger, ServableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { MainMethods } from "./loop-messages.js";
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
      return outcomes.map(({ name, error }) => ({
        name,
        ...(error && { error: writeError(error) }),
      }));
    },

    authorize: async (request) => (await host().authorize?.(request)) === true,

    counts: (names) => host().core.counts(names),

    ask: ({ name, message }) => host().observers.answer(name, message),

    log({ level, fields, message, error }) {
      logger[level](error ? { ...fields, err: readError(error) } : fields, message);
    },
  };
}
