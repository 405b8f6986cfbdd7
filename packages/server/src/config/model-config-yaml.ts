import { Composer, type CST, type Document, isScalar, LineCounter, Parser, visit } from "yaml";
import { checkYamlBounds, MAX_DEPTH, TOO_DEEP } from "./yaml-bounds.js";

/** Maximum number of aliases in one document, including those inside expanded aliases. */
const MAX_ALIASES = 10_000;

/**
 * Parses one YAML 1.2 document (or JSON, which is a subset), with `<<` merge keys. Integers that a number cannot
 * represent become bigints.
 *
 * Takes time linear in the length of the text.
 *
 * @throws Error with the line and the problem; as `checkYamlBounds`; also for duplicate keys, custom tags, several
 * documents, more than 64 levels of nesting, and aliases that multiply.
 */
export function parseYaml(text: string): unknown {
  checkYamlBounds(text);
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  checkDepth(tokens, lines);
  // The check of `yaml` for unique keys takes quadratic time.
  const options = { intAsBigInt: true, merge: true, uniqueKeys: false, lineCounter: lines };
  const composer = new Composer(options);
  const [document, another] = [...composer.compose(tokens, true, text.length)];
  // `yaml` only warns about an unknown tag, and ignores it.
  const [error] = [document, another].flatMap((found) =>
    found ? [...found.errors, ...found.warnings] : [],
  );
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new Error(`${error.message} (line ${line}, column ${col})`, { cause: error });
  }
  if (document) checkKeys(document, lines);
  if (another) throw new Error("expected one document; got several");
  return withNumbers(document?.toJS({ maxAliasCount: MAX_ALIASES }), 0);
}

/** @throws Error for a mapping with a duplicate key. */
function checkKeys(document: Document.Parsed, lines: LineCounter): void {
  visit(document, {
    Map(_, { items }) {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key))
          throw new Error("expected strings and numbers as keys; got a collection");
        if (known.has(key.value)) {
          const { line, col } = lines.linePos(key.range?.[0] ?? 0);
          throw new Error(`Map keys must be unique (line ${line}, column ${col})`);
        }
        known.add(key.value);
      }
    },
  });
}

/** Walks level by level, because recursion could overflow the stack on deep nesting. */
function checkDepth(tokens: readonly CST.Token[], lines: LineCounter): void {
  let level: readonly (CST.Token | null | undefined)[] = tokens;
  for (let depth = 0; level.length > 0; depth++) {
    const [first] = level;
    if (depth > MAX_DEPTH && first) {
      throw new Error(`${TOO_DEEP} (line ${lines.linePos(first.offset).line})`);
    }
    level = level.flatMap(children).filter(Boolean);
  }
}

function children(token: CST.Token | null | undefined): (CST.Token | null | undefined)[] {
  if (token?.type === "document") return [token.value];
  if (!token || !("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value]);
}

/** Returns a plain copy. Checks `depth` again, because an alias may refer to its own parent. */
function withNumbers(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error(TOO_DEEP);
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map((inner) => withNumbers(inner, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withNumbers(inner, depth + 1)]),
  );
}
