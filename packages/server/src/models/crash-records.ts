import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type LoadContext,
  type Loader,
  type Logger,
  messageOf,
  Semaphore,
  type ServingError,
  wrapLoader,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import { filesStamp } from "./files-stamp.js";

/** The record of a version whose load crashed the process. */
interface CrashRecord {
  /** The path or URI of the version. */
  readonly path: string;
  /** The stamp of its files when they were loaded. */
  readonly stamp: string;
  /** The number of processes that crashed while they loaded these files. */
  readonly crashes: number;
}

/** A load in progress, as a file that remains if the process crashes. */
interface Marker extends Omit<CrashRecord, "crashes"> {
  readonly pid: number;
  /** Distinguishes processes that had the same pid. */
  readonly life: string;
}

/** Returns a string that changes when the files of a version change. */
type StampOf = () => Promise<string>;

/** A version, identified by its path or URI. */
interface RecordedVersion {
  readonly path: string;
  readonly stampOf: StampOf;
}

/** The number of crashes after which a version is refused. */
const MAX_CRASHES = 2;

/** Maximum number of files in the folder that are read. */
const MAX_FILES = 10_000;

/** Identifies this process. */
const LIFE = randomUUID();

const MARKER = ".loading";
const RECORD = ".crashed";

/**
 * Records in a folder which versions crashed the process while they loaded, to end a crash loop:
 * - CR1 A version whose load has crashed two processes is refused with VERSION_CRASHED (FAILED_PRECONDITION) until its
 *   files change.
 * - CR2 A successful load clears the record of its version. A load that fails with an error, or that a shutdown
 *   interrupts, is not a crash.
 * - CR3 Versions with one crash are loaded one at a time. So of several loads in progress during a crash, only one can
 *   be blamed twice.
 * - CR4 If the folder cannot be read or written, the error is logged and nothing is recorded.
 *
 * Several servers can share a folder: a load in a process that is still running is not a crash.
 */
export class CrashRecords {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #suspects = new Semaphore(1);
  readonly #markers = new Set<string>();
  /** By path; undefined if the folder cannot be used. */
  readonly #opened: Promise<Map<string, CrashRecord> | undefined>;
  #isClosing = false;

  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
    this.#opened = this.#open().catch((error) => {
      this.#logFailure(error);
      return undefined;
    });
  }

  /** @throws ServingError FAILED_PRECONDITION / VERSION_CRASHED: CR1. */
  async check(path: string, stampOf: StampOf = () => filesStamp(path)): Promise<void> {
    const refusal = await this.refusal(path, stampOf);
    if (refusal !== undefined) throw refusal;
  }

  /** Returns the error that `check` would throw for a version, or undefined if the version may load. */
  async refusal(path: string, stampOf: StampOf): Promise<ServingError | undefined> {
    const records = await this.#opened;
    const record = records?.get(path);
    if (records === undefined || record === undefined || record.crashes < MAX_CRASHES) return;
    if ((await stampOf().catch(() => undefined)) === record.stamp) {
      return errors.versionCrashed(path, record.crashes, this.#recordOf(path));
    }
    await this.#forget(path, records);
    return undefined;
  }

  /** Wraps the loader of a version, given by its path or URI, so that its loads are recorded. */
  recorded(
    loader: Loader<Predictor>,
    path: string,
    stampOf: StampOf = () => filesStamp(path),
  ): Loader<Predictor> {
    return wrapLoader(loader, async (context) => {
      await this.check(path, stampOf);
      const records = await this.#opened;
      if (records === undefined || this.#isClosing) return loader.load(context);
      const load = () => this.#load(loader, { path, stampOf }, context, records);
      if (!records.has(path)) return load();
      const turn = this.#suspects.acquire(context.signal);
      if (turn !== undefined) await turn;
      try {
        return await load();
      } finally {
        this.#suspects.release();
      }
    });
  }

  /** From this call on, an interrupted load does not count as a crash. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(Array.from(this.#markers, (marker) => rm(marker, { force: true })));
  }

  async #load(
    loader: Loader<Predictor>,
    version: RecordedVersion,
    context: LoadContext,
    records: Map<string, CrashRecord>,
  ): Promise<Predictor> {
    const { path } = version;
    const marker = await this.#mark(version);
    try {
      const predictor = await loader.load(context);
      if (records.has(path)) await this.#forget(path, records);
      return predictor;
    } finally {
      if (marker !== undefined) {
        this.#markers.delete(marker);
        await rm(marker, { force: true }).catch((error) => this.#logFailure(error));
      }
    }
  }

  /** Records that a load has started. Returns the path of the marker file. */
  async #mark({ path, stampOf }: RecordedVersion): Promise<string | undefined> {
    const file = join(this.#folder, `${keyOf(path)}.${process.pid}.${randomUUID()}${MARKER}`);
    try {
      const stamp = await stampOf();
      const marker: Marker = { path, stamp, pid: process.pid, life: LIFE };
      this.#markers.add(file);
      await writeFile(file, JSON.stringify(marker));
      return file;
    } catch (error) {
      this.#logFailure(error);
      return undefined;
    }
  }

  /** Reads the records, and adds the crashes of processes that have exited since. */
  async #open(): Promise<Map<string, CrashRecord>> {
    await mkdir(this.#folder, { recursive: true });
    const names = (await readdir(this.#folder)).slice(0, MAX_FILES);
    const records = new Map<string, CrashRecord>();
    for (const name of names.filter((one) => one.endsWith(RECORD))) {
      const record = await readJson<CrashRecord>(join(this.#folder, name));
      if (typeof record?.path === "string") records.set(record.path, record);
    }
    for (const name of names.filter((one) => one.endsWith(MARKER))) {
      const file = join(this.#folder, name);
      const marker = await readJson<Marker>(file);
      if (marker !== undefined && isRunning(marker)) continue;
      if (typeof marker?.path === "string") await this.#addCrash(marker, records);
      await rm(file, { force: true });
    }
    return records;
  }

  async #addCrash({ path, stamp }: Marker, records: Map<string, CrashRecord>): Promise<void> {
    const known = records.get(path);
    const crashes = known?.stamp === stamp ? known.crashes + 1 : 1;
    const record = { path, stamp, crashes };
    records.set(path, record);
    const part = join(this.#folder, `${randomUUID()}.part`);
    await writeFile(part, JSON.stringify(record));
    await rename(part, this.#recordOf(path));
    const facts = { path, crashes };
    this.#logger.warn(facts, `${path}: the process ended while it was loaded (${crashes} times)`);
  }

  async #forget(path: string, records: Map<string, CrashRecord>): Promise<void> {
    records.delete(path);
    await rm(this.#recordOf(path), { force: true }).catch((error) => this.#logFailure(error));
  }

  #recordOf(path: string): string {
    return join(this.#folder, `${keyOf(path)}${RECORD}`);
  }

  #logFailure(error: unknown): void {
    const folder = this.#folder;
    this.#logger.warn(
      { folder },
      `crashes of loads are not remembered in ${folder} (the option stateDir): ${messageOf(error)}`,
    );
  }
}

/** Returns whether the process of a load is still running. */
function isRunning({ pid, life }: Marker): boolean {
  if (pid === process.pid) return life === LIFE;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const keyOf = (path: string) => createHash("sha256").update(path).digest("hex").slice(0, 32);

/** Returns undefined for a file that is not JSON, such as a partially written one. */
async function readJson<T>(file: string): Promise<(Partial<T> & T) | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof value === "object" && value !== null ? (value as T & Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}
