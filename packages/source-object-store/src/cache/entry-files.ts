import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { syncFolder } from "../folders.js";
import { isSafePath } from "../store-uri.js";

/** A version in the cache. */
export interface CacheEntry {
  /** The key of the content: the fingerprint of its listing. */
  readonly key: string;
  /** The URI from which it was first fetched. */
  readonly uri: string;
  /** The absolute path of the model's folder. */
  readonly path: string;
  /** Total size of its files in bytes. */
  readonly sizeBytes: number;
  /** The time of its last use, in ms on the file system's clock. */
  readonly usedMs: number;
}

/** The facts about a version that `publish` stores. */
export interface NewEntry {
  readonly uri: string;
  /** The absolute path of the model's folder, below the temporary folder. */
  readonly root: string;
  readonly sizeBytes: number;
}

const NOTE = "entry.json";
const TEMPORARY = /^([0-9a-f]{64})\.([0-9a-f]+)\.tmp$/;

/**
 * The folders of a cache: `<key>/files`, and next to it an `entry.json`. A folder is renamed to its key once, when
 * all of its files are on the disk. Before that, and while it is being removed, its name is `<key>.<token>.tmp`, with
 * the token of a lease.
 */
export class EntryFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the temporary folder of a lease, and returns its folder for the files. */
  async begin(key: string, token: string): Promise<string> {
    const files = join(this.#temporary(key, token), "files");
    await mkdir(files, { recursive: true });
    return files;
  }

  /**
   * Renames a temporary folder to its key. If another process did so first, its folder has the same files and is
   * kept.
   */
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

  /** Renames a folder to a temporary name, and removes it. */
  async remove(key: string, token: string): Promise<void> {
    await rename(join(this.#dir, key), this.#temporary(key, token)).catch(() => {});
    await this.discard(key, token);
  }

  /** Records that an entry is used now. */
  async touch(key: string): Promise<void> {
    const now = new Date();
    await utimes(join(this.#dir, key, NOTE), now, now).catch(() => {});
  }

  /** Returns an entry; undefined if it is not in the cache. */
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

  /** Returns all entries, the least recently used first. */
  async list(): Promise<readonly CacheEntry[]> {
    const names = (await readdir(this.#dir)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const entries = await Promise.all(names.map((name) => this.read(name)));
    return entries.filter((entry) => entry !== undefined).sort((a, b) => a.usedMs - b.usedMs);
  }

  /** Removes the temporary folders of expired leases. */
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
