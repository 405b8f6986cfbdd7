import type { MetaGraph } from "./saved-model.js";
import type { Run } from "./variables/variable-use.js";

/** Returns the tensors that a run of each signature feeds and fetches. */
export function signatureRuns({
  signatures,
}: Pick<MetaGraph, "signatures">): ReadonlyMap<string, Run> {
  return new Map(
    [...signatures].map(([name, { inputs, outputs }]) => [
      name,
      {
        fed: Array.from(inputs.values(), ({ nativeName = "" }) => nativeName),
        fetched: Array.from(outputs.values(), ({ nativeName = "" }) => nativeName),
      },
    ]),
  );
}
