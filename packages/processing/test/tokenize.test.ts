import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { tokenize } from "../src/index.js";

const folder = join(import.meta.dirname, "tokenizers");
const lines = readFileSync(join(folder, "lines.txt"), "utf8").split("\n").slice(0, -1);
type Expected = { readonly lines: number[][]; readonly batch: [number[], number[]][] };
const expected: Record<string, Expected> = JSON.parse(
  gunzipSync(readFileSync(join(folder, "tokens.json.gz"))).toString(),
);
const file = (name: string) => join(folder, `${name}.json`);
const rowsOf = (data: ArrayLike<bigint | number>, width: number) =>
  Array.from({ length: data.length / width }, (_, row) =>
    Array.from({ length: width }, (_, i) => Number(data[row * width + i])),
  );

describe("tokenize", () => {
  it.each(["wordpiece", "bpe", "unigram"])(
    "%s: the tokens of a thousand lines are those of Hugging Face's Python",
    async (name) => {
      const tokens = await tokenize({ file: file(name) });
      expect(lines).toHaveLength(1000);
      const different: unknown[] = [];
      for (const [i, line] of lines.entries()) {
        const { input_ids } = await tokens(line);
        const wanted = expected[name]?.lines[i] ?? [];
        if (input_ids.data.join() !== wanted.join()) {
          different.push({ line, got: input_ids.data.join(), wanted: wanted.join() });
        }
      }
      expect(different).toEqual([]);
    },
  );

  it.each(["wordpiece", "bpe"])("%s: fills up and cuts a batch as the file says", async (name) => {
    const tokens = await tokenize({ file: file(name), dtype: "int32" });
    const { input_ids, attention_mask } = await tokens(lines.slice(0, 50));
    const width = input_ids.shape[1] ?? 0;
    const batch = expected[name]?.batch ?? [];
    expect(rowsOf(input_ids.data, width)).toEqual(batch.map(([ids]) => ids));
    expect(rowsOf(attention_mask.data, width)).toEqual(batch.map(([, mask]) => mask));
  });

  it("uses the vocabulary of a TFLite model", async () => {
    const vocab = readFileSync(join(folder, "vocab.txt"), "utf8").split("\n").slice(0, -1);
    const tokens = await tokenize({ vocab, maxLength: 24, padTo: 24, dtype: "int32" });
    expect(tokens.tokens).toBe(24);
    const { input_ids } = await tokens(lines.slice(0, 200));
    expect(rowsOf(input_ids.data, 24)).toEqual(expected.wordpiece?.lines.slice(0, 200));
  });

  it("has the length, mask and types of BERT's inputs", async () => {
    const tokens = await tokenize({ file: file("wordpiece"), padTo: 6, maxLength: 6 });
    const { input_ids, attention_mask, token_type_ids } = await tokens([
      "cat",
      "the cat sat on a mat",
    ]);
    expect([input_ids.dtype, input_ids.shape]).toEqual(["int64", [2, 6]]);
    const [short = [], long = []] = rowsOf(attention_mask.data, 6);
    expect(short.at(-1)).toBe(0);
    expect(long).toEqual([1, 1, 1, 1, 1, 1]);
    expect(input_ids.data.at(-1)).toBe(3n);
    expect(new Set(token_type_ids.data)).toEqual(new Set([0n]));
    const longest = await tokenize({ file: file("unigram") });
    expect(longest.tokens).toBe(-1);
  });

  it("rejects files, options and texts that are not valid", async () => {
    await expect(tokenize({ file: join(folder, "lines.txt") })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "TOKENIZER_UNREADABLE",
    });
    await expect(tokenize({ vocab: ["[UNK]"] })).rejects.toThrow("it has no [CLS]");
    await expect(tokenize({ file: file("bpe"), maxLength: 1 })).rejects.toThrow(
      "tokenize.maxLength must be an integer from 2 to 1048576; got 1",
    );
    const tokens = await tokenize({ file: file("bpe"), maxCharacters: 3 });
    await expect(tokens("four")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "TEXT_TOO_LONG",
    });
  });
});
