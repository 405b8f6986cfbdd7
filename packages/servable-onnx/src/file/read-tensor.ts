import { WIRE, type WireReader } from "@serving-kit/tensorflow-wire";
import type { ExternalData } from "./model-facts.js";

const bytes = (field: number) => (field << 3) | WIRE.bytes;
const varint = (field: number) => (field << 3) | WIRE.varint;

/** `TensorProto.DataLocation.EXTERNAL`. */
const EXTERNAL = 1;

/** An initializer, without its elements. */
export interface Initializer {
  readonly name: string;
  readonly external: ExternalData | undefined;
}

/** Reads a `TensorProto`. @throws ServingError MESSAGE_INVALID if the bytes are not a message. */
export function readInitializer(reader: WireReader): Initializer {
  let name = "";
  let isExternal = false;
  const entries = new Map<string, string>();
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(8)) name = reader.string();
    else if (tag === bytes(13)) entries.set(...readEntry(reader.message()));
    else if (tag === varint(14)) isExternal = reader.uint32() === EXTERNAL;
    else reader.skip(tag);
  }
  return { name, external: isExternal ? externalData(entries) : undefined };
}

function readEntry(reader: WireReader): [string, string] {
  let key = "";
  let value = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) key = reader.string();
    else if (tag === bytes(2)) value = reader.string();
    else reader.skip(tag);
  }
  return [key, value];
}

function externalData(entries: ReadonlyMap<string, string>): ExternalData {
  const length = entries.get("length");
  return {
    location: entries.get("location") ?? "",
    offset: Number(entries.get("offset") ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}
