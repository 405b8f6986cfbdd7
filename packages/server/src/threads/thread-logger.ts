import type { Logger } from "@serving-kit/core";
import type { LoopMethods, MainMethods } from "./loop-messages.js";
import type { ThreadChannel } from "./thread-channel.js";
import { writeError } from "./thread-error.js";

/** The logger of a loop: its lines are written by the main thread. */
export function threadLogger(main: Pick<ThreadChannel<LoopMethods, MainMethods>, "tell">): Logger {
  const write = (level: keyof Logger) => (fields: object, message: string) => {
    const { err, ...facts } = fields as { err?: unknown };
    main.tell("log", {
      level,
      fields: facts,
      message,
      error: err === undefined ? undefined : writeError(err),
    });
  };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
