import { availableParallelism } from "node:os";
import { nativeRuns } from "@serving-kit/native-library";

/** Returns the default number of concurrent calls of a version. */
export function defaultInterpreters(): number {
  return Math.min(nativeRuns.limit, availableParallelism());
}
