import type { Clock } from "@serving-kit/core";
import type { CallLimits, Tensor } from "@serving-kit/inference";
import type { NativeExecutor } from "@serving-kit/native-library";
import type { ShapeRuns } from "./bindings.js";
import type { OnnxRuntime } from "./library.js";
import { RunOptionsPool } from "./run-options.js";
import type { Selection } from "./selection.js";

/** One run, with everything that it needs until it has ended. */
export interface Run {
  readonly selection: Selection;
  readonly runs: ShapeRuns;
  readonly tensors: readonly Tensor[];
  readonly limits: CallLimits;
}

/** The native tensors of a run: arrays of their addresses, or the address of such an array. */
export interface NativeTensors {
  readonly inputs: BigUint64Array | bigint;
  readonly outputs: BigUint64Array | bigint;
}

/** The end of a run on a thread. */
export interface RunEnd {
  readonly status: bigint | null;
  /** True if the run was requested to stop. */
  readonly isStopped: boolean;
}

/** The null pointer, which is passed faster as a bigint. */
const NONE = 0n;

/** Calls ONNX Runtime's function `Run` for a session. */
export class SessionCalls {
  readonly #runtime: OnnxRuntime;
  readonly #executor: NativeExecutor;
  readonly #session: bigint;
  readonly #runOptions: RunOptionsPool;

  constructor(
    runtime: OnnxRuntime,
    executor: NativeExecutor,
    session: bigint,
    clock: Pick<Clock, "now" | "setTimeout">,
  ) {
    this.#runtime = runtime;
    this.#executor = executor;
    this.#session = session;
    this.#runOptions = new RunOptionsPool(runtime, clock);
  }

  /** Runs on the event loop, if the run's plan says so. Returns the status. */
  inline(run: Run, native: NativeTensors): bigint | null {
    return this.#call(run, native, NONE) as bigint | null;
  }

  /** Runs on a thread, where the limits can stop the run. Rejects if the run cannot start. */
  async onThread(run: Run, native: NativeTensors): Promise<RunEnd> {
    const stoppable = this.#runOptions.take(run.limits);
    try {
      const status = await this.#call(run, native, stoppable?.pointer ?? NONE);
      return { status, isStopped: stoppable?.isStopped() ?? false };
    } finally {
      stoppable?.give();
    }
  }

  /** Calls `Run` as the plan says. */
  #call(
    { selection, runs, limits, tensors }: Run,
    native: NativeTensors,
    options: bigint,
  ): bigint | null | Promise<bigint | null> {
    return this.#executor.run<bigint | null>(
      runs.plan,
      limits,
      this.#runtime.api.Run,
      this.#session,
      options,
      selection.addresses.inputs,
      native.inputs,
      tensors.length,
      selection.addresses.outputs,
      selection.outputs.length,
      native.outputs,
    );
  }

  /** Frees the resources of runs. No run may be in flight. */
  close(): void {
    this.#runOptions.close();
  }
}
