import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";
import { importLibrary } from "../import-library.js";
import type { TokenizerFile } from "./tokenizer-file.js";

/** Returns the token ids of a text, without special tokens around it. */
export type Encode = (text: string) => readonly number[];

/** The part of `@huggingface/tokenizers` that this package uses. */
interface TokenizersModule {
  readonly Tokenizer: new (
    file: object,
    config: object,
  ) => {
    encode(
      text: string,
      options: { readonly add_special_tokens: false },
    ): { readonly ids: readonly (number | undefined)[] };
  };
}

const LIBRARY = "@huggingface/tokenizers";

/**
 * Opens the tokenizer in a file.
 *
 * @throws ServingError FAILED_PRECONDITION / PROCESSING_LIBRARY_MISSING or TOKENIZER_UNREADABLE.
 */
export async function openEncoder(file: TokenizerFile, where: string): Promise<Encode> {
  const { Tokenizer } = await importLibrary<TokenizersModule>(
    LIBRARY,
    "tokenizing texts",
    async () => (await import("@huggingface/tokenizers")) as unknown as TokenizersModule,
  );
  try {
    const tokenizer = new Tokenizer({ ...file, added_tokens: file.added_tokens ?? [] }, {});
    return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.map((id) => id ?? 0);
  } catch (error) {
    throw errors.tokenizerUnreadable(where, messageOf(error), error);
  }
}
