import { NUMERIC_DTYPES, stringsOf, type Tensor } from "@serving-kit/inference";
import { checkChoice, checkInteger, checkNames } from "../check-option.js";
import { errors } from "../errors.js";
import type { ProcessingLimits } from "../processing-limits.js";
import { type Sliced, slices } from "../slices.js";
import { type Affixes, affixesOf } from "./affixes.js";
import { type Encode, openEncoder } from "./encoder.js";
import {
  type Padding,
  readTokenizer,
  type TokenizerFile,
  type TokenizerSource,
  type Truncation,
} from "./tokenizer-file.js";

/** The dtypes of token ids. */
export type TokenDType = "int32" | "int64";

/** Options for `tokenize`, without the source of the tokenizer. */
export interface TokenizeSettings<D extends TokenDType = TokenDType> {
  /** The dtype. Default `int64`, as in models exported by PyTorch; TFLite models use `int32`. */
  readonly dtype?: D | undefined;
  /**
   * Maximum number of tokens of a text, including special ones; the rest is truncated. Default: the file's truncation.
   */
  readonly maxLength?: number | undefined;
  /**
   * The number of tokens to which each text is padded, or `longest` for the longest text of the call. Default: the
   * file's padding, otherwise `longest`. A batchable model requires a number, because rows must not depend on one
   * another.
   */
  readonly padTo?: number | "longest" | undefined;
  /** Maximum length of a text, in UTF-16 code units. Default 100,000. */
  readonly maxCharacters?: number | undefined;
}

/** Options for `tokenize`. */
export type TokenizeOptions<D extends TokenDType = TokenDType> = TokenizerSource &
  TokenizeSettings<D>;

/** The tokens of texts, one row for each text, named like BERT's inputs. */
export interface Tokens<D extends TokenDType = TokenDType> {
  readonly input_ids: Tensor<D>;
  /** 1 for a token of the text, 0 for padding. */
  readonly attention_mask: Tensor<D>;
  readonly token_type_ids: Tensor<D>;
}

/** Texts: a string tensor, or one or several strings. */
export type Texts = Tensor<"string"> | readonly string[] | string;

/** Converts texts to tokens: see `tokenize`. */
export interface TextReader<D extends TokenDType = TokenDType> {
  (texts: Texts, limits?: ProcessingLimits): Promise<Tokens<D>>;
  readonly dtype: D;
  /** The number of tokens of each row; -1 if it is that of the longest text of a call. */
  readonly tokens: number;
}

/**
 * Returns a function that converts texts to token ids. The results equal those of Hugging Face's
 * `Tokenizer.encode_batch` with the same `tokenizer.json`, including special tokens, truncation, padding and masks.
 *
 * ```ts
 * const tokens = await tokenize({ file: "model/tokenizer.json", maxLength: 128, padTo: 128 });
 * const { input_ids, attention_mask } = await tokens("How are you?");
 * ```
 *
 * Requires the package `@huggingface/tokenizers`. Each text is tokenized in one go; several texts of a call are spread
 * over turns of the event loop.
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID for invalid options; FAILED_PRECONDITION /
 * TOKENIZER_UNREADABLE or PROCESSING_LIBRARY_MISSING. The function rejects with TEXT_TOO_LONG (INVALID_ARGUMENT) or the
 * reason of the signal.
 */
export async function tokenize<const D extends TokenDType = "int64">(
  options: TokenizeOptions<D>,
): Promise<TextReader<D>> {
  checkNames("tokenize", options, NAMES);
  const file = await readTokenizer(options);
  const plan = planOf(file, options);
  const encode = await openEncoder(
    file,
    "file" in options ? String(options.file) : "the vocabulary",
  );
  const dtype = plan.dtype as D;
  const read = async (texts: Texts, { signal }: ProcessingLimits = {}): Promise<Tokens<D>> =>
    (await slices.run(tokenized(listOf(texts), plan, encode), signal)) as Tokens<D>;
  return Object.assign(read, { dtype, tokens: fixedLength(plan) });
}

const NAMES = ["file", "vocab", "lowercase", "dtype", "maxLength", "padTo", "maxCharacters"];
const MAX_TOKENS = 2 ** 20;

interface Plan {
  readonly dtype: TokenDType;
  readonly affixes: Affixes;
  readonly truncation: Truncation | undefined;
  readonly padding: Padding;
  readonly maxCharacters: number;
}

function planOf(file: TokenizerFile, options: TokenizeSettings): Plan {
  const { dtype = "int64", maxLength, padTo, maxCharacters = 100_000 } = options;
  const affixes = affixesOf(file);
  const least = affixes.before.length + affixes.after.length;
  const truncation = file.truncation ?? undefined;
  if (maxLength !== undefined) checkInteger("tokenize.maxLength", maxLength, [least, MAX_TOKENS]);
  const padding = file.padding ?? { strategy: "BatchLongest", pad_id: padIdOf(file) };
  if (padTo !== undefined && padTo !== "longest") {
    checkInteger("tokenize.padTo", padTo, [1, MAX_TOKENS]);
  }
  const strategy = padTo === "longest" ? "BatchLongest" : padTo && { Fixed: padTo };
  return {
    dtype: checkChoice("tokenize.dtype", dtype, ["int32", "int64"]),
    affixes,
    truncation: maxLength === undefined ? truncation : { ...truncation, max_length: maxLength },
    padding: strategy ? { ...padding, strategy } : padding,
    maxCharacters: checkInteger("tokenize.maxCharacters", maxCharacters, [1, 2 ** 29]),
  };
}

/** Returns the id of the padding token, found by its usual names; 0 if there is none. */
function padIdOf({ added_tokens: tokens = [] }: TokenizerFile): number {
  return tokens.find(({ content }) => content === "[PAD]" || content === "<pad>")?.id ?? 0;
}

/** Returns the length of all rows if texts are truncated and padded to the same length; otherwise -1. */
function fixedLength({ truncation, padding }: Plan): number {
  if (typeof padding.strategy === "string") return -1;
  const length = roundedUp(padding.strategy.Fixed, padding);
  return truncation !== undefined && truncation.max_length <= length ? length : -1;
}

const roundedUp = (length: number, { pad_to_multiple_of: multiple }: Padding): number =>
  multiple ? Math.ceil(length / multiple) * multiple : length;

const listOf = (texts: Texts): readonly string[] => {
  if (typeof texts === "string") return [texts];
  return "data" in texts ? stringsOf(texts) : texts;
};

function* tokenized(texts: readonly string[], plan: Plan, encode: Encode): Sliced<Tokens> {
  const { affixes, truncation, padding, maxCharacters } = plan;
  const { before, after } = affixes;
  const room = truncation && Math.max(0, truncation.max_length - before.length - after.length);
  const rows: (readonly number[])[] = [];
  for (const text of texts) {
    if (text.length > maxCharacters) throw errors.textTooLong(text.length, maxCharacters);
    rows.push(cut(encode(text), room, truncation?.direction));
    yield;
  }
  const longest = Math.max(0, ...rows.map((row) => row.length)) + before.length + after.length;
  const { strategy } = padding;
  const wanted = typeof strategy === "string" ? longest : Math.max(longest, strategy.Fixed);
  return written(rows, roundedUp(wanted, padding), plan);
}

function cut(
  ids: readonly number[],
  room: number | undefined,
  direction: Truncation["direction"],
): readonly number[] {
  if (room === undefined || ids.length <= room) return ids;
  return direction === "Left" ? ids.slice(ids.length - room) : ids.slice(0, room);
}

function written(rows: readonly (readonly number[])[], length: number, plan: Plan): Tokens {
  const { dtype, affixes, padding } = plan;
  const { array } = NUMERIC_DTYPES[dtype];
  const shape = [rows.length, length];
  const blank = () => ({ dtype, shape, data: new array(rows.length * length) });
  const tokens = { input_ids: blank(), attention_mask: blank(), token_type_ids: blank() };
  const set = ({ data }: Tensor<TokenDType>, at: number, value: number) => {
    if (data instanceof BigInt64Array) data[at] = BigInt(value);
    else data[at] = value;
  };
  for (const [row, ids] of rows.entries()) {
    const own = ids.map((id) => ({ id, type: affixes.type }));
    const all = [...affixes.before, ...own, ...affixes.after];
    const filling = length - all.length;
    const start = row * length + (padding.direction === "Left" ? filling : 0);
    for (let i = row * length; i < (row + 1) * length; i++) {
      const token = all[i - start];
      set(tokens.input_ids, i, token?.id ?? padding.pad_id);
      set(tokens.token_type_ids, i, token?.type ?? padding.pad_type_id ?? 0);
      set(tokens.attention_mask, i, token === undefined ? 0 : 1);
    }
  }
  return tokens;
}
