import fc from "fast-check";
import { expect, it } from "vitest";
import { base64At, isBase64Object } from "./base64.js";
import { skipString, stringEnd } from "./json-string.js";

/** The bytes of `{"b64": text}` within other text, at an offset of their own in memory. */
function objectOf(text: string, offset: number): Uint8Array {
  const json = Buffer.from(`{"b64": ${JSON.stringify(text)} }`);
  const padded = Buffer.alloc(json.length + offset);
  padded.set(json, offset);
  return padded.subarray(offset);
}

/** The standard alphabet with optional padding and any white space; undefined for other text. */
function decodedByRule(text: string): Buffer | undefined {
  const digits = text.replace(/[ \t\r\n\v\f]/g, "");
  const isValid = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(
    digits,
  );
  return isValid ? Buffer.from(digits, "base64") : undefined;
}

function decoded(text: string, offset: number): Buffer | undefined {
  const bytes = objectOf(text, offset);
  expect(isBase64Object(bytes, 0)).toBe(true);
  try {
    return Buffer.from(base64At(bytes, 0));
  } catch {
    return undefined;
  }
}

it("base64At decodes what the rule allows and rejects everything else, wherever a character is wrong", () => {
  const character = fc.constantFrom(...'AZaz09+/=-_ \n\t\\"é\u0000.');
  const changes = fc.array(fc.tuple(fc.nat(), character), { maxLength: 3 });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 700 }),
    fc.nat(90_000).map((length) => Uint8Array.from({ length }, (_, i) => (i * 7_919) >> 3)),
  );
  fc.assert(
    fc.property(bytes, changes, fc.boolean(), fc.nat(3), (data, edits, isPadded, offset) => {
      let text = Buffer.from(data).toString("base64");
      if (!isPadded) text = text.replace(/=+$/, "");
      for (const [at, one] of edits) {
        const i = at % (text.length + 1);
        text = text.slice(0, i) + one + text.slice(i + (at % 2));
      }
      expect(decoded(text, offset)).toEqual(decodedByRule(text));
    }),
    { numRuns: 1_000 },
  );
});

it("skipString and stringEnd find the end of long strings at any alignment, and skipString what is not allowed", () => {
  const part = fc.oneof(
    fc.constantFrom("a", "é", '\\"', "\\\\", "\\u00e9", "]", "}"),
    fc.nat(600).map((length) => "x".repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.nat(3), fc.nat(), (parts, offset, at) => {
      const content = Buffer.from(parts.join(""));
      const text = Buffer.concat([
        Buffer.alloc(offset),
        Buffer.from('"'),
        content,
        Buffer.from('",1]'),
      ]);
      const bytes = text.subarray(offset);
      expect([skipString(bytes, 0), stringEnd(bytes, 0)]).toEqual([
        content.length + 2,
        content.length + 2,
      ]);
      if (content.length === 0) return;
      // A control character instead of any byte that no backslash escapes.
      const plain = [...content.keys()].filter((i) => content[i] === 0x78);
      const wrong = plain[at % plain.length];
      if (wrong === undefined) return;
      bytes[1 + wrong] = 0x1f;
      expect(() => skipString(bytes, 0)).toThrow("Invalid encoding in string.");
    }),
    { numRuns: 1_000 },
  );
});
