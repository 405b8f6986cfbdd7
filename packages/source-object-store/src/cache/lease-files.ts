import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@serving-kit/core";
import { isRunning, isVisible, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** The use that a process makes of an entry of the cache: reads its files, downloads them, or removes them. */
export type LeaseKind = "use" | "load" | "evict";

/** How often a lease is touched, in ms. */
export const TOUCH_MS = 10_000;

/** After how many ms without a touch a lease of a process that cannot be seen no longer counts. */
export const LEASE_MS = 60_000;

/** A lease that this process holds. */
export interface HeldLease {
  /** The part of its file's name that no other lease has. */
  readonly token: string;
  release(): Promise<void>;
}

/** A lease as its file says. */
export interface LeaseFile {
  readonly key: string;
  readonly kind: LeaseKind;
  readonly token: string;
  /** The room that a download has reserved, in bytes. */
  readonly sizeBytes: number;
}

/**
 * The leases of a cache that several processes share: a file for each, `<key>.<kind>.<token>`, which names its process.
 *
 * A lease counts while its process runs, if that can be seen from here: on the same machine, in the same PID
 * namespace. Any other lease counts while it is touched. Times are those that the file system stamps, so that the
 * clocks of machines need not agree.
 */
export class LeaseFiles {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #own: ProcessIdentity = ownIdentity();

  constructor(dir: string, clock: Clock) {
    this.#dir = dir;
    this.#clock = clock;
  }

  /** Adds a lease of this process, and touches it until it is released. Rejects with the file system's error. */
  async add(key: string, kind: LeaseKind, sizeBytes = 0): Promise<HeldLease> {
    const token = randomBytes(8).toString("hex");
    const path = join(this.#dir, `${key}.${kind}.${token}`);
    const text = JSON.stringify({ ...this.#own, sizeBytes });
    await mkdir(this.#dir, { recursive: true });
    await writeFile(path, text, { flag: "wx" });
    let timer: Disposable;
    let touching: Promise<void> | undefined;
    const touch = () => {
      timer = this.#clock.setTimeout(() => {
        touch();
        touching = stamp(path, text);
      }, TOUCH_MS);
    };
    touch();
    const release = async () => {
      timer[Symbol.dispose]();
      // A touch makes a file that is missing.
      await touching;
      await rm(path, { force: true });
    };
    return { token, release };
  }

  /** The leases that count. The files of others are removed. */
  async list(): Promise<readonly LeaseFile[]> {
    const live: LeaseFile[] = [];
    let nowMs: number | undefined;
    for (const name of await readdir(this.#dir).catch(() => [])) {
      const [, key, kind, token] = /^(.+)\.(use|load|evict)\.([0-9a-f]+)$/.exec(name) ?? [];
      if (key === undefined || token === undefined) continue;
      const path = join(this.#dir, name);
      const file = await readLease(path);
      if (file === undefined) continue;
      const { owner, sizeBytes, touchedMs } = file;
      const isSeen = owner !== undefined && isVisible(owner, this.#own);
      if (!isSeen) nowMs ??= await this.#now();
      const counts = isSeen ? isRunning(owner) : (nowMs ?? 0) - touchedMs < LEASE_MS;
      if (counts) live.push({ key, kind: kind as LeaseKind, token, sizeBytes });
      else await rm(path, { force: true });
    }
    return live;
  }

  /** The time that the file system stamps now. */
  async #now(): Promise<number> {
    const path = join(this.#dir, `now.${randomBytes(8).toString("hex")}`);
    try {
      await writeFile(path, "");
      return (await stat(path)).mtimeMs;
    } finally {
      await rm(path, { force: true });
    }
  }
}

interface ReadLease {
  /** Undefined while the file is being written, and if it was damaged. */
  readonly owner: ProcessIdentity | undefined;
  readonly sizeBytes: number;
  readonly touchedMs: number;
}

/** Undefined if the lease was released meanwhile. */
async function readLease(path: string): Promise<ReadLease | undefined> {
  try {
    const { mtimeMs: touchedMs } = await stat(path);
    const text = await readFile(path, "utf8");
    return { ...parseLease(text), touchedMs };
  } catch {
    return undefined;
  }
}

function parseLease(text: string): Pick<ReadLease, "owner" | "sizeBytes"> {
  try {
    const { host, pidNamespace, pid, startTime, sizeBytes } = JSON.parse(text);
    const isOwner = [host, pidNamespace, startTime].every((value) => typeof value === "string");
    if (!isOwner || !Number.isSafeInteger(pid) || pid <= 0) throw new TypeError("not a lease");
    const owner = { host, pidNamespace, pid, startTime };
    return { owner, sizeBytes: Number(sizeBytes) || 0 };
  } catch {
    return { owner: undefined, sizeBytes: 0 };
  }
}

/** Writes a lease again, so that the file system stamps it. One that another process has removed is made again. */
async function stamp(path: string, text: string): Promise<void> {
  try {
    const handle = await open(path, "r+");
    try {
      await handle.write(text, 0);
    } finally {
      await handle.close();
    }
  } catch {
    // Without it the lease is at most forgotten too early; the next touch tries again.
    await writeFile(path, text).catch(() => {});
  }
}
