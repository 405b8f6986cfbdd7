import { all, message } from "./proto-message.js";

// Names and numbers of tensorflow/core/protobuf/{config,rewriter_config}.proto of TensorFlow 2.21, as
// far as they mean something to a session in one process.
/** `tensorflow.ConfigProto` and what it is made of. */
export const configProtoMessages = {
  ConfigProto: message(
    {
      intraOpParallelismThreads: ["int32", 2],
      placementPeriod: ["int32", 3],
      deviceFilters: ["string", 4, "repeated"],
      interOpParallelismThreads: ["int32", 5],
      gpuOptions: ["GPUOptions", 6],
      graphOptions: ["GraphOptions", 10],
      operationTimeoutInMs: ["int64", 11],
      sessionInterOpThreadPool: ["ThreadPoolOptionProto", 12, "repeated"],
      experimental: ["Experimental", 16],
      pluggableDeviceOptions: ["GPUOptions", 18],
      ...all("bool", {
        allowSoftPlacement: 7,
        logDevicePlacement: 8,
        usePerSessionThreads: 9,
        isolateSessionState: 15,
      }),
    },
    { deviceCount: ["int32", 1] },
    {
      Experimental: message({
        executorType: ["string", 3],
        xlaFusionAutotunerThresh: ["int64", 15],
        ...all("bool", {
          useNumaAffinity: 5,
          disableThreadSpinning: 9,
          optimizeForStaticGraph: 12,
          enableMlirBridge: 13,
          disableOutputPartitionGraphs: 14,
          enableMlirGraphOptimization: 16,
          disableFunctionalOpsLowering: 21,
          xlaPreferSingleGraphCluster: 22,
          disableOptimizeForStaticGraph: 24,
        }),
      }),
    },
  ),
  ThreadPoolOptionProto: message({ numThreads: ["int32", 1], globalName: ["string", 2] }),
  GPUOptions: message(
    {
      perProcessGpuMemoryFraction: ["double", 1],
      allocatorType: ["string", 2],
      deferredDeletionBytes: ["int64", 3],
      allowGrowth: ["bool", 4],
      visibleDeviceList: ["string", 5],
      pollingActiveDelayUsecs: ["int32", 6],
      pollingInactiveDelayMsecs: ["int32", 7],
      forceGpuCompatible: ["bool", 8],
      experimental: ["Experimental", 9],
    },
    {},
    {
      Experimental: message({
        virtualDevices: ["VirtualDevices", 1, "repeated"],
        useUnifiedMemory: ["bool", 2],
        numDevToDevCopyStreams: ["int32", 3],
        useCudaMallocAsync: ["bool", 11],
        disallowRetryOnAllocationFailure: ["bool", 12],
        gpuHostMemLimitInMb: ["float", 13],
        gpuSystemMemorySizeInMb: ["int32", 16],
      }),
      VirtualDevices: message({
        memoryLimitMb: ["float", 1, "repeated"],
        priority: ["int32", 2, "repeated"],
        deviceOrdinal: ["int32", 3, "repeated"],
      }),
    },
  ),
  GraphOptions: message({
    optimizerOptions: ["OptimizerOptions", 3],
    buildCostModel: ["int64", 4],
    timelineStep: ["int32", 8],
    buildCostModelAfter: ["int64", 9],
    rewriteOptions: ["RewriterConfig", 10],
    ...all("bool", {
      enableRecvScheduling: 2,
      inferShapes: 5,
      placePrunedGraph: 6,
      enableBfloat16Sendrecv: 7,
    }),
  }),
  OptimizerOptions: message(
    {
      optLevel: ["Level", 3],
      globalJitLevel: ["GlobalJitLevel", 5],
      maxFoldedConstantInBytes: ["int64", 6],
      ...all("bool", {
        doCommonSubexpressionElimination: 1,
        doConstantFolding: 2,
        doFunctionInlining: 4,
        cpuGlobalJit: 7,
      }),
    },
    {},
    {
      Level: { values: { L1: 0, L0: -1 } },
      GlobalJitLevel: { values: { DEFAULT: 0, OFF: -1, ON_1: 1, ON_2: 2 } },
    },
  ),
  RewriterConfig: message(
    {
      disableModelPruning: ["bool", 2],
      memoryOptimization: ["MemOptType", 4],
      metaOptimizerIterations: ["NumIterationsType", 12],
      minGraphNodes: ["int32", 17],
      disableMetaOptimizer: ["bool", 19],
      metaOptimizerTimeoutMs: ["int64", 20],
      failOnOptimizerErrors: ["bool", 21],
      optimizers: ["string", 100, "repeated"],
      ...all("Toggle", {
        layoutOptimizer: 1,
        constantFolding: 3,
        arithmeticOptimization: 7,
        dependencyOptimization: 8,
        loopOptimization: 9,
        functionOptimization: 10,
        debugStripper: 11,
        shapeOptimization: 13,
        remapping: 14,
        scopedAllocatorOptimization: 15,
        pinToHostOptimization: 18,
        implementationSelector: 22,
        autoMixedPrecision: 23,
        commonSubgraphElimination: 24,
        autoMixedPrecisionMkl: 25,
        usePluginOptimizers: 28,
        autoMixedPrecisionCpu: 29,
        autoMixedPrecisionOnednnBfloat16: 31,
      }),
    },
    {},
    {
      Toggle: { values: { DEFAULT: 0, ON: 1, OFF: 2, AGGRESSIVE: 3 } },
      NumIterationsType: { values: { DEFAULT_NUM_ITERS: 0, ONE: 1, TWO: 2 } },
      MemOptType: {
        values: {
          ...{ DEFAULT_MEM_OPT: 0, NO_MEM_OPT: 1, MANUAL: 2, HEURISTICS: 3 },
          ...{ SWAPPING_HEURISTICS: 4, RECOMPUTATION_HEURISTICS: 5, SCHEDULING_HEURISTICS: 6 },
        },
      },
    },
  ),
};
