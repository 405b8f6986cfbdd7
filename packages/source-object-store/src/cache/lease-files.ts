import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@serving-kit/core";
import { isRunning, isVisible, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** The use of a cache entry by a process: it reads, downloads or removes the files. */
export type LeaseKind = "use" | "load" | "evict";

/** Interval in ms at which a lease is touched. */
export const TOUCH_MS = 10_000;

/** Time in ms without a touch after which a lease expires, if its process is not visible. */
export const LEASE_MS = 60_000;

/** A lease held by this process. */
export interface HeldLease {
  /** The unique part of its file name. */
  readonly token: string;
  release(): Promise<void>;
}

/** A lease as read from its file. */
export interface LeaseFile {
  readonly key: string;
  readonly kind: LeaseKind;
  readonly token: string;
  /** The space that a download has reserved, in bytes. */
  readonly sizeBytes: number;
}

/**
 * The leases of a cache that several processes share. Each is a file `<key>.<kind>.<token>` that identifies its
 * process.
 *
 * A lease is valid while its process runs, if that process is visible: on the same machine, in the same PID
 * namespace. Any other lease is valid while it is touched. All times are stamped by the file system, so the clocks of
 * machines need not agree.
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
      // A touch creates a missing file.
      await touching;
      await rm(path, { force: true });
    };
    return { token, release };
  }

  /** Returns the valid leases, and removes the files of expired ones. */
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

  /** Returns the current time of the file system. */
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
  /** Reads a lease; undefined while its file is being written, or if it is damaged. */
  readonly owner: ProcessIdentity | undefined;
  readonly sizeBytes: number;
  readonly touchedMs: number;
}

/** Returns when a lease was last touched; undefined if it was released meanwhile. */
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

/** Writes a lease again, so that the file system stamps it. If another process has removed it, it is created again. */
async function stamp(path: string, text: string): Promise<void> {
  try {
    const handle = await open(path, "r+");
    try {
      await handle.write(text, 0);
    } finally {
      await handle.close();
    }
  } catch {
    // If this fails, the lease may at worst expire too early; the next touch tries again.
    await writeFile(path, text).catch(() => {});
  }
}
