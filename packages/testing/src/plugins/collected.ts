import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "@serving-kit/core";
import { turn } from "../turn.js";

/** Returns the number of objects that the garbage collector cannot collect, even after a long time. */
export async function reachable(
  refs: readonly WeakRef<object>[],
  timeoutMs: number,
): Promise<number> {
  const endAtMs = systemClock.now() + timeoutMs;
  const count = () => refs.filter((ref) => ref.deref() !== undefined).length;
  do {
    await turn(); // a WeakRef that was read keeps its object until the end of the turn
    collectGarbage();
  } while (count() > 0 && systemClock.now() < endAtMs);
  return count();
}

let gc: (() => void) | undefined;

function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  gc();
}
