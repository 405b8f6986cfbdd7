/** A check in progress. */
export interface LookUnderWay {
  readonly beganAtMs: number;
}

// Each check of a local device holds a thread of libuv's pool, which the whole process shares, until the kernel
// returns. With 16 checks at a time, the threads of the pool do not sleep between two checks, which halves the cost
// of polling. The checks are too short to delay other work. A network file system uses one thread at most: see
// `gatedFileSystem`.
const MAX_LOOKS = 16;
const MAX_LOOKS_AT_DOUBTFUL_DEVICE = 2;
const MAX_LOOKS_AT_STRANGERS = 3;
const TRUSTED_FOR_MS = 100;

/**
 * Limits the number of concurrent checks of one device. If a file server stops responding, checks of other devices
 * continue, and some threads of libuv's pool (four by default) stay free.
 *
 * - A device that responded recently may have many concurrent checks, any other device two.
 * - If two checks that started after the last response of the device hang, no more are started until one of them
 *   returns. A single path that hangs on a responsive device delays nothing.
 * - Targets whose device is not known yet, because they never responded, share a gate that allows three concurrent
 *   checks, including those that hang.
 */
export class DeviceGate {
  readonly #isForStrangers: boolean;
  readonly #hanging = new Set<LookUnderWay>();
  #lookCount = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(isForStrangers: boolean) {
    this.#isForStrangers = isForStrangers;
  }

  /** True if checks are in progress that are expected to return. */
  get isBusy(): boolean {
    return this.#lookCount > 0;
  }

  mayBegin(nowMs: number): boolean {
    if (this.#isForStrangers) {
      return this.#lookCount + this.#hanging.size < MAX_LOOKS_AT_STRANGERS;
    }
    if (nowMs - this.#answeredAtMs < TRUSTED_FOR_MS) return this.#lookCount < MAX_LOOKS;
    let silentCount = 0;
    for (const { beganAtMs } of this.#hanging) if (beganAtMs >= this.#answeredAtMs) silentCount++;
    return this.#lookCount + silentCount < MAX_LOOKS_AT_DOUBTFUL_DEVICE;
  }

  begin(): void {
    this.#lookCount++;
  }

  /** Marks a check that takes too long as hanging until it ends. */
  hang(look: LookUnderWay): void {
    this.#lookCount--;
    this.#hanging.add(look);
  }

  end(look: LookUnderWay, nowMs: number): void {
    if (!this.#hanging.delete(look)) this.#lookCount--;
    this.#answeredAtMs = nowMs;
  }
}
