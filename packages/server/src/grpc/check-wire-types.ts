import { WIRE, type WireReader, wireErrors } from "@serving-kit/tensorflow-wire";
import protobuf from "protobufjs";

/** Maximum nesting depth of messages. */
export const MAX_DEPTH = 64;

/**
 * Checks the wire types of a message's fields, except those in maps. protobufjs 7 reads a field by its number alone,
 * so that a field of another wire type would be a wrong value.
 *
 * @throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID
 */
export function checkWireTypes(reader: WireReader, type: protobuf.Type, depth = 0): void {
  if (depth > MAX_DEPTH) throw wireErrors.messageInvalid(`nested deeper than ${MAX_DEPTH} levels`);
  while (reader.hasMore) {
    const tag = reader.tag();
    const wireType = tag & 7;
    const field = type.fieldsById[tag >>> 3]?.resolve();
    if (field !== undefined && !fits(field, wireType)) {
      throw wireErrors.messageInvalid(`field "${field.name}" has wire type ${wireType}`);
    }
    if (field?.resolvedType instanceof protobuf.Type && !field.map) {
      checkWireTypes(reader.message(), field.resolvedType, depth + 1);
    } else reader.skip(tag);
  }
}

function fits({ type, map, repeated, resolvedType }: protobuf.Field, wireType: number): boolean {
  if (map || resolvedType instanceof protobuf.Type) return wireType === WIRE.bytes;
  const basic: Readonly<Record<string, number>> = protobuf.types.basic;
  const own = resolvedType === null ? basic[type] : WIRE.varint;
  // Repeated numbers may be packed.
  return wireType === own || (repeated && wireType === WIRE.bytes);
}
