import type { PostProcessor, TokenizerFile } from "./tokenizer-file.js";

/** A token that surrounds a text. */
export interface Affix {
  readonly id: number;
  readonly type: number;
}

/** The special tokens before and after one text, and the type id of its own tokens. */
export interface Affixes {
  readonly before: readonly Affix[];
  readonly after: readonly Affix[];
  readonly type: number;
}

const NONE: Affixes = { before: [], after: [], type: 0 };

/** Returns the special tokens that a file adds around one text. */
export function affixesOf({ post_processor: processor }: TokenizerFile): Affixes {
  return processor ? affixesBy(processor) : NONE;
}

function affixesBy(processor: PostProcessor): Affixes {
  const { type, cls, sep, processors = [] } = processor;
  if (type === "TemplateProcessing") return affixesOfTemplate(processor);
  if (cls !== undefined && sep !== undefined) {
    return { before: [{ id: cls[1], type: 0 }], after: [{ id: sep[1], type: 0 }], type: 0 };
  }
  return processors.map(affixesBy).reduce(around, NONE);
}

/** The tokens of a later processor enclose those of an earlier one. */
function around(inner: Affixes, outer: Affixes): Affixes {
  return {
    before: [...outer.before, ...inner.before],
    after: [...inner.after, ...outer.after],
    type: outer.type,
  };
}

function affixesOfTemplate({ single = [], special_tokens: known = {} }: PostProcessor): Affixes {
  const at = single.findIndex(({ Sequence }) => Sequence !== undefined);
  const tokens = (pieces: typeof single) =>
    pieces.flatMap(({ SpecialToken: token }) =>
      (known[token?.id ?? ""]?.ids ?? []).map((id) => ({ id, type: token?.type_id ?? 0 })),
    );
  return {
    before: tokens(single.slice(0, at)),
    after: tokens(single.slice(at + 1)),
    type: single[at]?.Sequence?.type_id ?? 0,
  };
}
