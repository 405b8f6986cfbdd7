import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isSafePath } from "../store-uri.js";
import { syncFolder } from "../sync-folder.js";

/** A version in the cache. */
export interface CacheEntry {
  /** The content's address: the fingerprint of its listing. */
  readonly key: string;
  /** The URI that it was fetched from first. */
  readonly uri: string;
  /** The absolute path of the folder of the model. */
  readonly path: string;
  /** The bytes of its files. */
  readonly sizeBytes: number;
  /** When it was used last, in ms on the file system's clock. */
  readonly usedMs: number;
}

/** The notes of `publish` about a version. */
export interface NewEntry {
  readonly uri: string;
  /** The absolute path of the folder of the model, below the temporary folder. */
  readonly root: string;
  readonly sizeBytes: number;
}

const NOTE = "entry.json";
const TEMPORARY = /^([0-9a-f]{64})\.([0-9a-f]+)\.tmp$/;

/**
 * The folders of a cache: `<key>/files` with an `entry.json` beside it. A folder gets its name by one rename, when all
 * of it is on the disk; until then, and once it is removed, it is `<key>.<token>.tmp`, with the token of a lease.
 */
export class EntryFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the temporary folder of a lease, and returns that for its files. */
  async begin(key: string, token: string): Promise<string> {
    const files = join(this.#temporary(key, token), "files");
    await mkdir(files, { recursive: true });
    return files;
  }

  /** Renames a temporary folder to its name. Another process that was first has the same files: its folder stays. */
  async publish(key: string, token: string, { uri, root, sizeBytes }: NewEntry): Promise<void> {
    const folder = this.#temporary(key, token);
    const note = { uri, root: relative(folder, root).split(sep).join("/"), sizeBytes };
    const handle = await open(join(folder, NOTE), "w");
    try {
      await handle.writeFile(JSON.stringify(note));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
    try {
      await rename(folder, join(this.#dir, key));
      await syncFolder(this.#dir);
    } catch (error) {
      if ((await this.read(key)) === undefined) throw error;
      await this.discard(key, token);
    }
  }

  /** Removes a temporary folder. */
  async discard(key: string, token: string): Promise<void> {
    await rm(this.#temporary(key, token), { recursive: true, force: true });
  }

  /** Takes the name from a folder, and removes it. */
  async remove(key: string, token: string): Promise<void> {
    await rename(join(this.#dir, key), this.#temporary(key, token)).catch(() => {});
    await this.discard(key, token);
  }

  /** Notes that an entry is used now. */
  async touch(key: string): Promise<void> {
    const now = new Date();
    await utimes(join(this.#dir, key, NOTE), now, now).catch(() => {});
  }

  /** Undefined if it is not in the cache. */
  async read(key: string): Promise<CacheEntry | undefined> {
    const folder = join(this.#dir, key);
    try {
      const note = join(folder, NOTE);
      const { mtimeMs: usedMs } = await stat(note);
      const { uri, root, sizeBytes } = JSON.parse(await readFile(note, "utf8"));
      if (typeof uri !== "string" || !isSafePath(root) || !(sizeBytes >= 0)) return undefined;
      const path = join(folder, root);
      await stat(path);
      return { key, uri, path, sizeBytes, usedMs };
    } catch {
      return undefined;
    }
  }

  /** All entries, the least recently used first. */
  async list(): Promise<readonly CacheEntry[]> {
    const names = (await readdir(this.#dir)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const entries = await Promise.all(names.map((name) => this.read(name)));
    return entries.filter((entry) => entry !== undefined).sort((a, b) => a.usedMs - b.usedMs);
  }

  /** Removes the temporary folders of leases that no longer count. */
  async sweep(tokens: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      const [, key, token] = TEMPORARY.exec(name) ?? [];
      if (key && token && !tokens.has(token)) await this.discard(key, token);
    }
  }

  #temporary(key: string, token: string): string {
    return join(this.#dir, `${key}.${token}.tmp`);
  }
}
