import type { ServableId, ServableRequest } from "@serving-kit/core";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import { type BackwardWriter, WIRE, type WireReader } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";

/** Which model, version and signature a request names: `tensorflow.serving.ModelSpec`. */
export interface ModelSpec {
  readonly name: string;
  readonly version?: bigint;
  readonly label?: string;
  /** Empty when the request names none. */
  readonly signatureName: string;
}

/** Reads a ModelSpec. Of version and label the last one counts. */
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

/** The request for the servable that a ModelSpec names; throws TF Serving's texts where it names none. */
export function servableRequest(spec: ModelSpec | undefined): ServableRequest {
  if (spec === undefined) throw errors.requestUnfit("Missing ModelSpec");
  const { name, version, label } = spec;
  if (name === "") throw errors.requestUnfit("ModelSpec has no name specified.");
  if (version !== undefined) {
    if (version < 0n) throw errors.versionNegative(name, version);
    return { name, version };
  }
  return label === undefined ? { name } : { name, label };
}

/** The signature that a ModelSpec means. */
export const effectiveSignature = ({ signatureName }: ModelSpec): string =>
  signatureName || DEFAULT_SIGNATURE;

/** Writes the ModelSpec of an answer: what has answered, as field `field`. */
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
