import { Composer, type CST, type Document, isScalar, LineCounter, Parser, visit } from "yaml";
import { checkYamlBounds, MAX_DEPTH, TOO_DEEP } from "./yaml-bounds.js";

/** How many aliases, those within what they stand for included, one document may have. */
const MAX_ALIASES = 10_000;

/**
 * Reads one document of YAML 1.2, of which JSON is a part, with `<<` for the keys of another mapping.
 * Integers that a number cannot hold are bigints.
 *
 * The time is linear in the text.
 *
 * @throws Error with the line and what is wrong there; as `checkYamlBounds`; for a key that is given twice as well, for a tag
 * of one's own, for several documents, for what is nested more than 64 deep, and for aliases that multiply.
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
  // A tag that is not known is but warned of, and its value taken as if it had none.
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

/** @throws Error for a mapping that has a key twice. */
function checkKeys(document: Document.Parsed, lines: LineCounter): void {
  visit(document, {
    Map(_, { items }) {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) throw new Error("expected texts and numbers as keys; got a collection");
        if (known.has(key.value)) {
          const { line, col } = lines.linePos(key.range?.[0] ?? 0);
          throw new Error(`Map keys must be unique (line ${line}, column ${col})`);
        }
        known.add(key.value);
      }
    },
  });
}

/** Walks level by level, since what is nested too deep must not be walked recursively. */
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

/** A plain copy; `depth` counts again, because an alias may stand for what it is part of. */
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
