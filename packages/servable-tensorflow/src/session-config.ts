import { configProtoType } from "./proto/schema.js";

/** The GPUs of a CUDA build. */
export interface GpuOptions {
  /** How much of each GPU's memory TensorFlow takes, 0 to 1. Default nearly all. */
  readonly memoryFraction?: number | undefined;
  /** Whether memory is taken as it is needed. Default false. */
  readonly allowGrowth?: boolean | undefined;
  /** The GPUs that TensorFlow may see, such as `0,1`. Default all. */
  readonly visibleDevices?: string | undefined;
}

/** How a TensorFlow session is configured. */
export interface SessionOptions {
  /** Threads that one op may use. Default TensorFlow's: one for each core. */
  readonly intraOpThreads?: number | undefined;
  /**
   * Ops of one call that may run at the same time. Default 1: the ops of a call run one after another
   * on the thread that makes it, which saves a small model half of its time; several calls at once use
   * the cores better than one call on several. A model with wide branches and few callers gains by more.
   */
  readonly interOpThreads?: number | undefined;
  readonly gpu?: GpuOptions | undefined;
  /** A serialized `tensorflow.ConfigProto`, for anything else. The other options go before it. */
  readonly sessionConfig?: Uint8Array | undefined;
}

/** The serialized `ConfigProto` of the options; empty where none is set. */
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
  // Serialized messages that follow one another are merged, the later one's fields first.
  return Buffer.concat([sessionConfig, config.finish()]);
}
