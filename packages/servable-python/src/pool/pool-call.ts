import type { CallHeader } from "../protocol/worker-protocol.js";
import type { Reply } from "../worker/python-worker.js";

/** A call to a pool, from its arrival to its response. */
export class PoolCall {
  readonly header: CallHeader;
  readonly parts: readonly Uint8Array[];
  /** The deadline on the pool's clock. Infinity: none. */
  readonly deadlineAtMs: number;
  /** Called with the pid of the worker when the call starts. */
  readonly onStart: ((pid: number) => void) | undefined;
  readonly promise: Promise<Reply>;
  resolve!: (reply: Reply) => void;
  reject!: (error: unknown) => void;

  constructor(
    header: CallHeader,
    parts: readonly Uint8Array[],
    deadlineAtMs: number,
    onStart: ((pid: number) => void) | undefined,
  ) {
    this.header = header;
    this.parts = parts;
    this.deadlineAtMs = deadlineAtMs;
    this.onStart = onStart;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
