import { configProtoType } from "./proto/schema.js";

/** Options for the GPUs of a CUDA build. */
export interface GpuOptions {
  /** Fraction of each GPU's memory that TensorFlow allocates, 0 to 1. Default: nearly all. */
  readonly memoryFraction?: number | undefined;
  /** If true, allocates memory on demand. Default false. */
  readonly allowGrowth?: boolean | undefined;
  /** The GPUs that TensorFlow may see, such as `0,1`. Default all. */
  readonly visibleDevices?: string | undefined;
}

/** Options of a TensorFlow session. */
export interface SessionOptions {
  /**
   * Threads that one op may use. Default: 1 for a model whose runs are short (at most 200,000 arithmetic operations for
   * each row, by its graph), because waking another thread takes longer; otherwise TensorFlow's default, one per core.
   *
   * A model with 1 thread has a pool of its own. The others share one pool, whose size the first of them determines.
   * With `sessionConfig`, the default is TensorFlow's. On Windows, all models share the pool.
   */
  readonly intraOpThreads?: number | undefined;
  /**
   * Ops of one call that may run concurrently. Default 1: the ops of a call run sequentially on the caller's thread,
   * which halves the time of a small model; several concurrent calls use the cores better than parallel ops of one
   * call. A higher value helps a model with wide branches and few callers.
   */
  readonly interOpThreads?: number | undefined;
  readonly gpu?: GpuOptions | undefined;
  /** A serialized `tensorflow.ConfigProto`, for any other setting. The other options override it. */
  readonly sessionConfig?: Uint8Array | undefined;
}

/** Returns the serialized `ConfigProto` of the options; empty if none is set. */
export function sessionConfig({
  intraOpThreads,
  interOpThreads,
  gpu,
  sessionConfig = new Uint8Array(0),
}: SessionOptions): Uint8Array {
  const config = configProtoType.encode({
    ...(intraOpThreads !== undefined && { intraOpParallelismThreads: intraOpThreads }),
    ...(interOpThreads !== undefined && { interOpParallelismThreads: interOpThreads }),
    ...(gpu && {
      gpuOptions: {
        ...(gpu.memoryFraction !== undefined && {
          perProcessGpuMemoryFraction: gpu.memoryFraction,
        }),
        ...(gpu.allowGrowth !== undefined && { allowGrowth: gpu.allowGrowth }),
        ...(gpu.visibleDevices !== undefined && { visibleDeviceList: gpu.visibleDevices }),
      },
    }),
  });
  // Concatenated serialized messages are merged, and the fields of the later message win.
  return Buffer.concat([sessionConfig, config.finish()]);
}
