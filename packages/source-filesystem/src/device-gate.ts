/** A look under way. */
export interface LookUnderWay {
  readonly beganAtMs: number;
}

// Each look at a local device holds a thread of libuv's pool, which the whole process shares, until the kernel answers.
// Asking 16 at a time keeps the pool's threads from falling asleep between two looks, which halves the cost of polling;
// the looks are too short to hold up anything else. A network file system has one thread at most: see `gatedFileSystem`.
const MAX_LOOKS = 16;
const MAX_LOOKS_AT_DOUBTFUL_DEVICE = 2;
const MAX_LOOKS_AT_STRANGERS = 3;
const TRUSTED_FOR_MS = 100;

/**
 * Decides how many looks at one device may be under way at a time, so that a file server that went
 * away takes neither the targets elsewhere nor all threads of libuv's pool (four, unless told
 * otherwise) with it.
 *
 * - A device that answered a moment ago gets many looks at a time, any other two.
 * - When two looks hang that began after the device's last answer, it gets no more until one of them
 *   returns. A path that hangs by itself, on a device that answers, holds up nothing.
 * - The gate for strangers, targets that never answered and whose device is not known, lets three
 *   through at a time, hanging ones counted.
 */
export class DeviceGate {
  readonly #isForStrangers: boolean;
  readonly #hanging = new Set<LookUnderWay>();
  #lookCount = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(isForStrangers: boolean) {
    this.#isForStrangers = isForStrangers;
  }

  /** Whether looks are under way that are expected to return. */
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

  /** A look has been under way for too long: it counts as hanging until it ends. */
  hang(look: LookUnderWay): void {
    this.#lookCount--;
    this.#hanging.add(look);
  }

  end(look: LookUnderWay, nowMs: number): void {
    if (!this.#hanging.delete(look)) this.#lookCount--;
    this.#answeredAtMs = nowMs;
  }
}
