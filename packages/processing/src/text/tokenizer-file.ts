import { readFile } from "node:fs/promises";
import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";

/** The parts of `tokenizer.json` that this package reads. */
export interface TokenizerFile {
  readonly model: { readonly type?: string; readonly [name: string]: unknown };
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
  readonly post_processor?: PostProcessor | null;
  readonly truncation?: Truncation | null;
  readonly padding?: Padding | null;
  readonly [name: string]: unknown;
}

/** The truncation settings of a file. */
export interface Truncation {
  readonly max_length: number;
  readonly direction?: "Left" | "Right";
}

/** The padding settings of a file. */
export interface Padding {
  readonly strategy: "BatchLongest" | { readonly Fixed: number };
  readonly direction?: "Left" | "Right";
  readonly pad_to_multiple_of?: number | null;
  readonly pad_id: number;
  readonly pad_type_id?: number;
}

/** The post-processors that add special tokens. */
export interface PostProcessor {
  readonly type: string;
  /** For `Sequence`. */
  readonly processors?: readonly PostProcessor[];
  /** For `TemplateProcessing`. */
  readonly single?: readonly TemplatePiece[];
  readonly special_tokens?: Readonly<Record<string, { readonly ids: readonly number[] }>>;
  /** For `BertProcessing` and `RobertaProcessing`. */
  readonly cls?: readonly [string, number];
  readonly sep?: readonly [string, number];
}

/** A piece of a template: a special token, or the text. */
export interface TemplatePiece {
  readonly SpecialToken?: { readonly id: string; readonly type_id: number };
  readonly Sequence?: { readonly id: string; readonly type_id: number };
}

/** The source of a tokenizer. */
export type TokenizerSource =
  /** The path of a `tokenizer.json`. */
  | { readonly file: string | URL }
  /** The lines of a `vocab.txt`, for BERT's WordPiece, which TFLite's text models use. */
  | { readonly vocab: readonly string[]; readonly lowercase?: boolean | undefined };

/**
 * Reads a tokenizer file.
 *
 * @throws ServingError FAILED_PRECONDITION / TOKENIZER_UNREADABLE.
 */
export async function readTokenizer(source: TokenizerSource): Promise<TokenizerFile> {
  if ("vocab" in source) return wordPieceOfBert(source.vocab, source.lowercase ?? true);
  const where = String(source.file);
  try {
    const file: unknown = JSON.parse(await readFile(source.file, "utf8"));
    const { model } = (file ?? {}) as Partial<TokenizerFile>;
    if (typeof model !== "object" || model === null) throw new Error("it has no model");
    return file as TokenizerFile;
  } catch (error) {
    throw errors.tokenizerUnreadable(where, messageOf(error), error);
  }
}

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** Returns BERT's tokenizer: splits words, punctuation and Chinese characters, and removes accents if it lowercases. */
function wordPieceOfBert(lines: readonly string[], lowercase: boolean): TokenizerFile {
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
  const idOf = (token: string) => {
    const id = lines.indexOf(token);
    if (id === -1) throw errors.tokenizerUnreadable("the vocabulary", `it has no ${token}`);
    return id;
  };
  const [cls, sep] = [idOf("[CLS]"), idOf("[SEP]")];
  const added = SPECIAL.filter((token) => lines.includes(token)).map((content) => ({
    ...{ id: idOf(content), content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  return {
    added_tokens: added,
    normalizer: {
      type: "BertNormalizer",
      ...{ clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase },
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", sep: ["[SEP]", sep], cls: ["[CLS]", cls] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      ...{ unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
      vocab,
    },
  };
}
