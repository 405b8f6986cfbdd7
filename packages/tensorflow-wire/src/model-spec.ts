import type { ServableId } from "@serving-kit/core";
import type { BackwardWriter } from "./backward-writer.js";
import { WIRE, type WireReader } from "./wire-reader.js";

/** The model, version and signature that a request names: `tensorflow.serving.ModelSpec`. */
export interface ModelSpec {
  readonly name: string;
  readonly version?: bigint;
  readonly label?: string;
  /** Empty if the request names no signature. */
  readonly signatureName: string;
}

/**
 * Reads a ModelSpec. If both version and label occur, the last one counts.
 *
 * @throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID.
 */
export function readModelSpec(reader: WireReader): ModelSpec {
  let name = "";
  let signatureName = "";
  let choice: { readonly version?: bigint; readonly label?: string } = {};
  while (reader.hasMore) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | WIRE.bytes:
        name = reader.string();
        break;
      case (2 << 3) | WIRE.bytes:
        choice = { version: readInt64Value(reader.message()) };
        break;
      case (3 << 3) | WIRE.bytes:
        signatureName = reader.string();
        break;
      case (4 << 3) | WIRE.bytes:
        choice = { label: reader.string() };
        break;
      default:
        reader.skip(tag);
    }
  }
  return { name, signatureName, ...choice };
}

/** Writes the ModelSpec of a version and a signature as field `field`. */
export function writeModelSpec(
  writer: BackwardWriter,
  field: number,
  { name, version }: ServableId,
  signatureName: string,
): void {
  const end = writer.length;
  writer.stringField(3, signatureName);
  const value = writer.length;
  if (version !== 0n) {
    writer.varint64(version);
    writer.varint(1 << 3);
  }
  writer.prefix(2, value);
  writer.stringField(1, name);
  writer.prefix(field, end);
}

function readInt64Value(reader: WireReader): bigint {
  let value = 0n;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.varint)) value = reader.int64();
    else reader.skip(tag);
  }
  return value;
}
