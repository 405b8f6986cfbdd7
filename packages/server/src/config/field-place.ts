import protobuf from "protobufjs/light.js";

/**
 * Returns the shortest path of fields from a message to one that has `field`: empty if the message itself has it,
 * undefined if no nested message has it.
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
 * Returns, as the end of a sentence, where a misplaced field belongs: below its message if possible, else below
 * `root`. Empty if there is no such field.
 *
 * @param at The path of fields from `root` to the message that contains it.
 */
export function placeOf(
  root: protobuf.Type,
  at: protobuf.Type,
  field: string,
  write: (way: readonly string[]) => string,
): string {
  // `value` would match every wrapped number.
  if (field === "value") return "";
  const way = wayTo(at, field) ?? wayTo(root, field);
  if (way === undefined) return "";
  return `; ${field} belongs ${way.length === 0 ? "at the top level" : `in ${write(way)}`}`;
}

/** Returns the message at the end of a path from `root`; undefined if there is none. */
export function messageAt(root: protobuf.Type, way: readonly string[]): protobuf.Type | undefined {
  let type: protobuf.Type | undefined = root;
  for (const name of way) {
    const field: protobuf.Field | undefined = type?.fields[name]?.resolve();
    type = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  }
  return type;
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`);
