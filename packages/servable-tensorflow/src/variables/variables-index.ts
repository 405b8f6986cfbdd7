import { ReadHandover, readFileOf } from "@serving-kit/inference";
import { bundleEntryType, bundleHeaderType } from "../proto/schema.js";
import { tableEntries } from "./table-file.js";

interface BundleEntry {
  readonly shardId: number;
  readonly offset: number | { toString(): string };
  readonly size: number | { toString(): string };
}

/**
 * Returns the bytes of each data shard that an index of variables refers to, by shard number. The index is a
 * checkpoint's `.index` file (tensorflow/core/util/tensor_bundle).
 *
 * @throws Error with what is wrong in the file, such as that it is truncated.
 */
export async function readShardSizes(path: string): Promise<readonly number[]> {
  const sizes: number[] = [];
  for (const { key, value } of tableEntries(await readFileOf(path))) {
    // The entry with the empty key is the header, and comes first.
    if (key.length === 0) {
      const { numShards } = bundleHeaderType.decode(value) as unknown as { numShards: number };
      if (!(numShards >= 0 && numShards <= MAX_SHARDS)) {
        throw new Error(`it names ${numShards} shards; expected at most ${MAX_SHARDS}`);
      }
      sizes.push(...new Array<number>(numShards).fill(0));
      continue;
    }
    const { shardId, offset, size } = bundleEntryType.decode(value) as unknown as BundleEntry;
    const known = sizes[shardId];
    if (known === undefined) throw new Error(`it refers to shard ${shardId} of ${sizes.length}`);
    sizes[shardId] = Math.max(known, Number(offset) + Number(size));
  }
  return sizes;
}

const handover = new ReadHandover<readonly number[]>();

/** Same as `readShardSizes`; keeps the result for `takeShardSizes`. */
export const readShardSizesToLoad: typeof readShardSizes = (path) =>
  handover.readAndKeep(path, () => readShardSizes(path));

/** Same as `readShardSizes`, unless `readShardSizesToLoad` has read the current state of the file. */
export const takeShardSizes: typeof readShardSizes = async (path) =>
  (await handover.take(path)) ?? readShardSizes(path);

/** The number in a shard's name has five digits. */
const MAX_SHARDS = 99_999;

/** Returns the name of a shard: `variables.data-00000-of-00002`. */
export function shardName(shard: number, count: number): string {
  const [index, of] = [shard, count].map((number) => `${number}`.padStart(5, "0"));
  return `variables.data-${index}-of-${of}`;
}
