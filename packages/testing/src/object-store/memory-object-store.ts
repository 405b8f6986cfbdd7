import { createHash } from "node:crypto";
import { type Clock, ServingError, systemClock, type VersionLabels } from "@serving-kit/core";
import type {
  Checksum,
  ListPage,
  ListQuery,
  ObjectInfo,
  ObjectStore,
  ReadQuery,
} from "@serving-kit/source-object-store";

/** Options for a MemoryObjectStore. */
export interface MemoryObjectStoreOptions {
  /** Default `memory://bucket`. */
  readonly id?: string;
  /** Number of objects and prefixes on a page. Default 1,000. */
  readonly pageSize?: number;
  /** The clock that stamps objects. Default `systemClock`. */
  readonly clock?: Clock;
  /** True if objects have a SHA-256 that `checksum` returns. Default true. */
  readonly hasChecksums?: boolean;
}

interface StoredObject {
  readonly info: ObjectInfo;
  readonly bytes: Buffer;
}

/** Number of bytes that a body yields at a time. */
const CHUNK_BYTES = 64 * 1024;

/**
 * An in-memory ObjectStore that keeps OJ1 to OJ9. It counts requests, and fails, hangs or changes bodies on request.
 *
 * ```ts
 * const store = new MemoryObjectStore({ clock });
 * store.put("digits/1/model.tflite", bytes);
 * const provider = objectStore({ schemes: ["memory"], open: () => store, cache: { dir } });
 * ```
 */
export class MemoryObjectStore implements ObjectStore {
  readonly id: string;
  /** Number of listed pages. */
  lists = 0;
  /** Number of requested bodies and checksums. */
  reads = 0;
  /** Number of requests and bodies in progress. */
  open = 0;
  /** Creates the body of a read, replacing `bytes`. */
  body: ((key: string, bytes: Buffer, query: ReadQuery) => AsyncIterable<Uint8Array>) | undefined;
  /** Called before each request with its kind, for example to change the store between requests. */
  before: ((request: "list" | "read" | "checksum", key: string) => void) | undefined;
  readonly #objects = new Map<string, StoredObject>();
  readonly #labels = new Map<string, VersionLabels>();
  readonly #states = new Map<string, "fails" | "hangs" | "denies">();
  readonly #options: Required<MemoryObjectStoreOptions>;
  #generation = 0;

  constructor(options: MemoryObjectStoreOptions = {}) {
    const defaults = { pageSize: 1_000, clock: systemClock, hasChecksums: true };
    this.#options = { id: "memory://bucket", ...defaults, ...options };
    this.id = this.#options.id;
  }

  /** Writes an object; `modifiedMs` defaults to now. */
  put(key: string, content: string | Uint8Array, modifiedMs = this.#options.clock.now()): void {
    const bytes = Buffer.from(content as Uint8Array);
    const tag = `"${++this.#generation}"`;
    this.#objects.set(key, { bytes, info: { key, sizeBytes: bytes.length, tag, modifiedMs } });
  }

  /** Removes an object or, if the key ends with a slash, all objects below a prefix. */
  remove(key: string): void {
    for (const each of [...this.#objects.keys()]) {
      if (each === key || (key.endsWith("/") && each.startsWith(key))) this.#objects.delete(each);
    }
  }

  /** Returns the text of all objects below a prefix, by their keys relative to it. */
  texts(prefix: string): Record<string, string> {
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(
      found.map(([key, { bytes }]) => [key.slice(prefix.length), bytes.toString()]),
    );
  }

  /** Makes future requests below a prefix fail, hang, be denied or succeed. */
  set(prefix: string, state: "fails" | "hangs" | "denies" | "answers"): void {
    if (state === "answers") this.#states.delete(prefix);
    else this.#states.set(prefix, state);
  }

  setLabels(prefix: string, labels: VersionLabels): void {
    this.#labels.set(prefix, labels);
  }

  async *list({ prefix, delimiter, signal }: ListQuery): AsyncGenerator<ListPage> {
    const { pageSize, clock } = this.#options;
    let after = "";
    for (let isTruncated = true; isTruncated; ) {
      this.lists++;
      this.before?.("list", prefix);
      await this.#request(prefix, signal);
      // A page reflects the store at the time of its request.
      const names = this.#names(prefix, delimiter).filter((name) => name > after);
      const page = names.slice(0, pageSize);
      isTruncated = names.length > page.length;
      after = page.at(-1) ?? "";
      const objects = page.flatMap((name) => this.#objects.get(name)?.info ?? []);
      const isPrefix = (name: string) => delimiter !== undefined && this.#isCut(name, prefix);
      yield {
        objects: objects.filter(({ key }) => !isPrefix(key)),
        prefixes: page.filter(isPrefix),
        isTruncated,
        serverTimeMs: clock.now(),
      };
    }
  }

  async read(key: string, query: ReadQuery): Promise<AsyncIterable<Uint8Array>> {
    this.reads++;
    this.before?.("read", key);
    await this.#request(key, query.signal);
    const { bytes } = this.#get(key, query.ifMatch);
    const { offset = 0, length = Number.POSITIVE_INFINITY } = query;
    const wanted = bytes.subarray(offset, Math.min(bytes.length, offset + length));
    return this.#stream(this.body?.(key, wanted, query) ?? chunks(wanted), query.signal);
  }

  async checksum(key: string, { ifMatch, signal }: Pick<ReadQuery, "ifMatch" | "signal">) {
    this.reads++;
    this.before?.("checksum", key);
    await this.#request(key, signal);
    const { bytes } = this.#get(key, ifMatch);
    if (!this.#options.hasChecksums) return undefined;
    const hex = createHash("sha256").update(bytes).digest("hex");
    return { algorithm: "sha256", hex } satisfies Checksum;
  }

  async labels(prefix: string): Promise<VersionLabels> {
    return this.#labels.get(prefix) ?? {};
  }

  #names(prefix: string, delimiter: "/" | undefined): string[] {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix));
    if (delimiter === undefined) return keys.sort();
    const cut = (key: string) => key.slice(0, endOf(key, prefix));
    return [...new Set(keys.map(cut))].sort();
  }

  #isCut(name: string, prefix: string): boolean {
    return endOf(name, prefix) === name.length && name.indexOf("/", prefix.length) >= 0;
  }

  #get(key: string, tag: string): StoredObject {
    const object = this.#objects.get(key);
    if (object === undefined) {
      throw new ServingError("NOT_FOUND", "OBJECT_NOT_FOUND", `${this.id}/${key} is gone`);
    }
    if (object.info.tag === tag) return object;
    const text = `${this.id}/${key} has changed`;
    throw new ServingError("FAILED_PRECONDITION", "OBJECT_CHANGED", text);
  }

  async #request(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.open++;
    try {
      await Promise.resolve();
      const [, state] = [...this.#states].find(([prefix]) => key.startsWith(prefix)) ?? [];
      if (state === "hangs") await aborted(signal);
      signal.throwIfAborted();
      const text = `${this.id}/${key} cannot be read`;
      if (state === "denies")
        throw new ServingError("PERMISSION_DENIED", "STORE_ACCESS_DENIED", text);
      if (state === "fails") throw new ServingError("UNAVAILABLE", "STORE_UNAVAILABLE", text);
    } finally {
      this.open--;
    }
  }

  async *#stream(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.open++;
    const gone = aborted(signal);
    try {
      const iterator = body[Symbol.asyncIterator]();
      for (;;) {
        const next = await Promise.race([iterator.next(), gone]);
        signal.throwIfAborted();
        if (next === undefined || next.done) return;
        yield next.value;
      }
    } finally {
      this.open--;
    }
  }
}

const endOf = (key: string, prefix: string) => {
  const at = key.indexOf("/", prefix.length);
  return at < 0 ? key.length : at + 1;
};

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** Resolves once the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
