import { distance } from "fastest-levenshtein";
import { errors } from "./errors.js";

/** The definition of a flag of a command. */
export interface Flag<T> {
  /** The placeholder of the value in `--help`, such as `port`; absent for a switch. */
  readonly placeholder?: string;
  /** One or two sentences for `--help`, without the default. */
  readonly help: string;
  /** The value if the flag is not given. */
  readonly fallback: T;
  /** The expected form, for the error message. */
  readonly expected: string;
  /** Parses a value. Returns undefined if it is invalid. */
  readonly parse: (text: string) => T | undefined;
  /** Combines the values of a flag that is given more than once. Default: the last value wins. */
  join?(before: T, next: T): T;
}

/** A table of flags by name, in the order of `--help`. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** The values of the flags in a table. */
export type FlagValues<F extends FlagTable> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

/** A parsed command line. */
export interface ParsedArguments<F extends FlagTable> {
  readonly flags: FlagValues<F>;
  /** The names of the flags on the command line. */
  readonly given: ReadonlySet<string>;
  /** The arguments that are not flags, in order. */
  readonly operands: readonly string[];
}

/**
 * Parses a command line like `parseArguments`, but accepts any number of operands.
 *
 * @throws ServingError FLAG_UNKNOWN or FLAG_INVALID; ARGUMENT_UNEXPECTED for a single dash
 * (INVALID_ARGUMENT).
 */
export function parseFlags<F extends FlagTable>(
  table: F,
  args: readonly string[],
): ParsedArguments<F> {
  return parse(table, args, Number.POSITIVE_INFINITY);
}

/**
 * Parses a command line in TF Serving's style: `--flag=value` or `--flag value`; a boolean flag alone or with
 * `=value`. If a flag is given twice, the last value wins, so flags appended to a command line override earlier ones.
 * Arguments that are not flags are operands, one for each name in `operandNames`. The last name may accept several:
 * `DIR…`.
 *
 * @throws ServingError FLAG_UNKNOWN, FLAG_INVALID, ARGUMENT_UNEXPECTED or ARGUMENT_MISSING
 * (INVALID_ARGUMENT).
 */
export function parseArguments<F extends FlagTable>(
  table: F,
  args: readonly string[],
  operandNames: readonly string[],
): ParsedArguments<F> {
  const isOpen = operandNames.at(-1)?.endsWith("…") ?? false;
  const parsed = parse(table, args, isOpen ? Number.POSITIVE_INFINITY : operandNames.length);
  const missing = operandNames[parsed.operands.length];
  if (missing !== undefined) throw errors.argumentMissing(missing);
  return parsed;
}

function parse<F extends FlagTable>(
  table: F,
  args: readonly string[],
  maxOperands: number,
): ParsedArguments<F> {
  const values = new Map(Object.entries(table).map(([name, { fallback }]) => [name, fallback]));
  const given = new Set<string>();
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
    if (!match) {
      const isOperand = operands.length < maxOperands && !argument.startsWith("-");
      if (!isOperand) throw errors.argumentUnexpected(argument);
      operands.push(argument);
      continue;
    }
    const name = match[1] as string;
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!flag) throw errors.flagUnknown(name, suggestion(name, table));
    const isSwitch = flag.placeholder === undefined;
    const value = match[2] ?? (isSwitch ? "true" : args[++i]);
    if (value === undefined) throw errors.flagInvalid(name, flag.expected, "nothing");
    const parsed = flag.parse(value);
    if (parsed === undefined) throw errors.flagInvalid(name, flag.expected, JSON.stringify(value));
    const isRepeated = flag.join !== undefined && given.has(name);
    values.set(name, isRepeated ? flag.join?.(values.get(name), parsed) : parsed);
    given.add(name);
  }
  return { flags: Object.fromEntries(values) as FlagValues<F>, given, operands };
}

/** The known flag that is most similar to an unknown one, without dashes. */
function suggestion(name: string, table: FlagTable): string | undefined {
  // Two arguments in one string, as manifests sometimes have them: "--port 8500".
  const [word = "", ...value] = name.split(/\s+/);
  const negated = /^no[-_]?(?=.)/i.exec(word)?.[0];
  const positive = negated && nearest(word.slice(negated.length), Object.keys(table));
  if (positive && table[positive]?.placeholder === undefined) return `${positive}=false`;
  const found = nearest(word, Object.keys(table));
  return found && [found, ...value].join("=");
}

/** The `--help` text for a table of flags: one paragraph per flag, with its default. */
export function describeFlags(table: FlagTable): string {
  return Object.entries(table)
    .map(([name, { placeholder, help, fallback }]) => {
      const head = placeholder === undefined ? `--${name}` : `--${name}=<${placeholder}>`;
      const isShown = fallback !== undefined && fallback !== false && fallback !== "";
      return `  ${head}\n      ${help}${isShown ? ` Default: ${fallback}.` : ""}\n`;
    })
    .join("");
}

/** The maximum edit distance of a suggestion. */
const FARTHEST = 4;

/**
 * The candidate that is most similar to a mistyped word by edit distance; undefined if none is similar. Ignores case,
 * dashes and underscores, so `--rest-api-port` matches `rest_api_port`.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const typed = normalize(word);
  const limit = Math.min(FARTHEST, Math.floor(typed.length / 2));
  const ranked = candidates
    .map((name) => ({ name, away: distance(typed, normalize(name)) }))
    .filter(({ away }) => away <= limit)
    .sort((a, b) => a.away - b.away);
  return ranked[0]?.name;
}

const normalize = (word: string) => word.toLowerCase().replaceAll(/[-_]/g, "");
