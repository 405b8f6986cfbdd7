import type { GraphTensor } from "./saved-model-session.js";

/** Bytes of a TF_Output: { TF_Operation *oper; int index; }, padded. */
const TF_OUTPUT_BYTES = 16;

/** An array of TF_Output, as runs take it for what they feed and fetch. */
export function encodeOutputs(
  tensors: readonly Pick<GraphTensor, "operation" | "index">[],
): Uint8Array {
  const list = Buffer.alloc(TF_OUTPUT_BYTES * tensors.length);
  tensors.forEach(({ operation, index }, i) => {
    list.writeBigUInt64LE(operation, TF_OUTPUT_BYTES * i);
    list.writeInt32LE(index, TF_OUTPUT_BYTES * i + 8);
  });
  return list;
}
