import type { Fields } from "../document/fields.js";
import { DocumentError } from "../document/value.js";
import type { Categories } from "../tree-model.js";

const decoder = new TextDecoder();

/**
 * Reads the categories of each feature (`cats` in XGBoost 3.1 and later); undefined for a feature that has none.
 * Strings are UTF-8 bytes with offsets.
 */
export function readCategories(
  fields: Fields,
  features: number,
): readonly (Categories | undefined)[] | undefined {
  fields.expectKeys(["enc", "feature_segments", "sorted_idx"]);
  const encodings = fields.list("enc");
  if (encodings.length === 0) return undefined;
  if (encodings.length !== features) {
    throw new DocumentError(
      `${fields.place}.enc: expected ${features} elements; got ${encodings.length}`,
    );
  }
  const categories = encodings.map((_, feature) => readEncoding(elementOf(fields, feature)));
  return categories.some((of) => of !== undefined) ? categories : undefined;
}

const elementOf = (fields: Fields, index: number) => fields.element("enc", index);

function readEncoding(fields: Fields): Categories | undefined {
  fields.expectKeys(["offsets", "type", "values"]);
  const values = fields.numbers("values");
  if (!fields.has("offsets")) return values.length > 0 ? Array.from(values) : undefined;
  const offsets = fields.numbers("offsets");
  if (offsets.length < 2) return undefined;
  const bytes = Uint8Array.from(values);
  const texts: string[] = [];
  for (let i = 0; i + 1 < offsets.length; i++) {
    const [start, end] = [offsets[i] as number, offsets[i + 1] as number];
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new DocumentError(
        `${fields.place}.offsets: text ${i} is from ${start} to ${end} of ${bytes.length} bytes`,
      );
    }
    texts.push(decoder.decode(bytes.subarray(start, end)));
  }
  return texts;
}
