import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseVersion, type Version } from "@serving-kit/core";

/**
 * The last known state of the storage, for times when it cannot be read: the last lists, and the content of each URI.
 */
export class KnownVersions {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Stores the versions of a base path by their names. */
  async rememberList(uri: string, names: readonly string[]): Promise<void> {
    await this.#write("lists", uri, { uri, names });
  }

  /** Returns the stored versions of a base path by their names. */
  async list(uri: string): Promise<ReadonlyMap<Version, string>> {
    const { names } = await this.#read("lists", uri);
    const known = new Map<Version, string>();
    for (const name of Array.isArray(names) ? names : []) {
      const version = typeof name === "string" ? parseVersion(name) : undefined;
      if (version !== undefined) known.set(version, name);
    }
    return known;
  }

  /** Stores the key of the content of the version at a URI. */
  async rememberKey(uri: string, key: string): Promise<void> {
    await this.#write("contents", uri, { uri, key });
  }

  /** Returns the last known key of the content at a URI. */
  async keyOf(uri: string): Promise<string | undefined> {
    const { key } = await this.#read("contents", uri);
    return typeof key === "string" && /^[0-9a-f]{64}$/.test(key) ? key : undefined;
  }

  async #write(kind: string, uri: string, value: object): Promise<void> {
    const path = this.#path(kind, uri);
    const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
    await mkdir(join(this.#dir, kind), { recursive: true });
    try {
      await writeFile(temporary, JSON.stringify(value));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Empty if nothing was stored. */
  async #read(kind: string, uri: string): Promise<Record<string, unknown>> {
    try {
      const value = JSON.parse(await readFile(this.#path(kind, uri), "utf8"));
      return value !== null && value.uri === uri ? value : {};
    } catch {
      return {};
    }
  }

  #path(kind: string, uri: string): string {
    return join(this.#dir, kind, `${createHash("sha256").update(uri).digest("hex")}.json`);
  }
}
