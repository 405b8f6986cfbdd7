import protobuf from "protobufjs/light.js";

/**
 * The fields that lead from a message to one that has `field`: the shortest way, empty if it has the field
 * itself; undefined if no message below has it.
 */
function wayTo(from: protobuf.Type, field: string): readonly string[] | undefined {
  const queue: [protobuf.Type, readonly string[]][] = [[from, []]];
  const seen = new Set([from]);
  for (const [type, way] of queue) {
    const fields = type.fieldsArray.map((one) => one.resolve());
    if (fields.some(({ name }) => snakeCase(name) === field)) return way;
    for (const { name, map, resolvedType } of fields) {
      if (map || !(resolvedType instanceof protobuf.Type) || seen.has(resolvedType)) continue;
      seen.add(resolvedType);
      queue.push([resolvedType, [...way, snakeCase(name)]]);
    }
  }
  return undefined;
}

/**
 * Where a field belongs that stands in a message without it, as the end of a sentence: below that message
 * if one there has it, else below `root`. Empty if there is no such field.
 *
 * @param at The fields that lead from `root` to the message in which it stands.
 */
export function placeOf(
  root: protobuf.Type,
  at: protobuf.Type,
  field: string,
  write: (way: readonly string[]) => string,
): string {
  // Every wrapped number has a value.
  if (field === "value") return "";
  const way = wayTo(at, field) ?? wayTo(root, field);
  if (way === undefined) return "";
  return `; ${field} belongs ${way.length === 0 ? "at the top level" : `in ${write(way)}`}`;
}

/** The message at the end of a way from `root`; undefined if there is none. */
export function messageAt(root: protobuf.Type, way: readonly string[]): protobuf.Type | undefined {
  let type: protobuf.Type | undefined = root;
  for (const name of way) {
    const field: protobuf.Field | undefined = type?.fields[name]?.resolve();
    type = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  }
  return type;
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`);
