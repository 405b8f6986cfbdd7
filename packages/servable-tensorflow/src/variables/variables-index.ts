import { ReadHandover, readFileOf } from "@serving-kit/inference";
import { bundleEntryType, bundleHeaderType } from "../proto/schema.js";
import { tableEntries } from "./table-file.js";

interface BundleEntry {
  readonly shardId: number;
  readonly offset: number | { toString(): string };
  readonly size: number | { toString(): string };
}

/**
 * How many bytes of each data shard an index of variables refers to, by the number of the shard: a
 * checkpoint's `.index` file (tensorflow/core/util/tensor_bundle).
 *
 * @throws Error that says what is wrong with the file, such as that it is truncated.
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

/** As `readShardSizes`; keeps what it returns for `takeShardSizes`. */
export const readShardSizesToLoad: typeof readShardSizes = (path) =>
  handover.readAndKeep(path, () => readShardSizes(path));

/** As `readShardSizes`, unless `readShardSizesToLoad` has read the file as it is now. */
export const takeShardSizes: typeof readShardSizes = async (path) =>
  (await handover.take(path)) ?? readShardSizes(path);

/** The names of shards have five digits. */
const MAX_SHARDS = 99_999;

/** The name of a shard: `variables.data-00000-of-00002`. */
export function shardName(shard: number, count: number): string {
  const [index, of] = [shard, count].map((number) => `${number}`.padStart(5, "0"));
  return `variables.data-${index}-of-${of}`;
}
