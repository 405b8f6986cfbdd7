import { constants } from "node:os";

/** The reason why a worker ended: the label of the metric of restarts. */
export type EndingKind = "signal" | "exit" | "hang" | "protocol" | "start";

/** The ending of a worker. */
export interface Ending {
  readonly kind: EndingKind;
  /** A phrase that follows "the Python process", with the last lines of its stderr. */
  readonly text: string;
}

/** The status of a process as its supervisor reports it. */
export interface Status {
  readonly code?: number;
  readonly signal?: number;
}

/** The first name of each signal number: SIGABRT, not SIGIOT. */
const SIGNALS = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** Returns the ending of a process that was not killed on purpose. */
export function endingOf({ code, signal }: Status, tail: readonly string[]): Ending {
  if (signal === undefined) {
    return { kind: "exit", text: `ended with exit code ${code ?? "unknown"}${quoted(tail)}` };
  }
  const hint =
    signal === constants.signals.SIGKILL ? ", as the kernel does when memory runs out" : "";
  return {
    kind: "signal",
    text: `was ended by ${SIGNALS.get(signal) ?? `signal ${signal}`}${hint}${quoted(tail)}`,
  };
}

const MAX_LINES = 6;
const MAX_CHARACTERS = 1_000;

/** The start of a crash report of `faulthandler`, which lists the most recent call first. */
const FATAL = /^(Fatal Python error|Windows fatal exception)/;

/** Quotes the last lines of stderr, or the first lines of a crash, to append to an ending. Empty if there are none. */
export function quoted(tail: readonly string[]): string {
  const all = tail.filter((line) => line.trim() !== "");
  const fatal = all.findLastIndex((line) => FATAL.test(line));
  const lines = fatal === -1 ? all.slice(-MAX_LINES) : all.slice(fatal, fatal + MAX_LINES);
  return lines.length === 0
    ? ""
    : `; its stderr ends with: ${lines.join(" | ").slice(-MAX_CHARACTERS)}`;
}
