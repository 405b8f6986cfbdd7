import {
  type FunctionTypes,
  functionAt,
  type NativeFunction,
  viewMemory,
} from "@serving-kit/native-library";

const POINTER = "void *";
const SIZE = "size_t";
/** `ORTCHAR_T *`: a path. */
const PATH = process.platform === "win32" ? "str16" : "str";

type Declaration = readonly [index: number, result: string, ...args: string[]];

/**
 * The functions in use, by their index in the table `OrtApi` of onnxruntime_c_api.h, which is append-only. All
 * functions that return a pointer return an `OrtStatus`, which is null on success.
 */
const DECLARATIONS = {
  GetErrorCode: [1, "int", POINTER],
  GetErrorMessage: [2, "str", POINTER],
  CreateEnv: [3, POINTER, "int", "str", POINTER],
  DisableTelemetryEvents: [6, POINTER, POINTER],
  CreateSessionFromArray: [8, POINTER, POINTER, POINTER, SIZE, POINTER, POINTER],
  Run: [9, POINTER, POINTER, POINTER, POINTER, POINTER, SIZE, POINTER, SIZE, POINTER],
  CreateSessionOptions: [10, POINTER, POINTER],
  DisableCpuMemArena: [19, POINTER, POINTER],
  SetSessionLogSeverityLevel: [22, POINTER, POINTER, "int"],
  SetSessionGraphOptimizationLevel: [23, POINTER, POINTER, "int"],
  SetIntraOpNumThreads: [24, POINTER, POINTER, "int"],
  SetInterOpNumThreads: [25, POINTER, POINTER, "int"],
  CreateRunOptions: [39, POINTER, POINTER],
  RunOptionsSetTerminate: [46, POINTER, POINTER],
  RunOptionsUnsetTerminate: [47, POINTER, POINTER],
  CreateTensorAsOrtValue: [48, POINTER, POINTER, POINTER, SIZE, "int", POINTER],
  CreateTensorWithDataAsOrtValue: [
    ...([49, POINTER, POINTER, POINTER, SIZE] as const),
    ...([POINTER, SIZE, "int", POINTER] as const),
  ],
  GetTensorMutableData: [51, POINTER, POINTER, POINTER],
  GetStringTensorDataLength: [53, POINTER, POINTER, POINTER],
  GetStringTensorContent: [54, POINTER, POINTER, POINTER, SIZE, POINTER, SIZE],
  GetTensorElementType: [60, POINTER, POINTER, POINTER],
  GetDimensionsCount: [61, POINTER, POINTER, POINTER],
  GetDimensions: [62, POINTER, POINTER, POINTER, SIZE],
  GetTensorTypeAndShape: [65, POINTER, POINTER, POINTER],
  GetValueType: [67, POINTER, POINTER, POINTER],
  CreateCpuMemoryInfo: [69, POINTER, "int", "int", POINTER],
  AllocatorAlloc: [75, POINTER, POINTER, SIZE, POINTER],
  AllocatorFree: [76, POINTER, POINTER, POINTER],
  GetAllocatorWithDefaultOptions: [78, POINTER, POINTER],
  ReleaseStatus: [93, "void", POINTER],
  ReleaseSession: [95, "void", POINTER],
  ReleaseValue: [96, "void", POINTER],
  ReleaseRunOptions: [97, "void", POINTER],
  ReleaseTensorTypeAndShapeInfo: [99, "void", POINTER],
  ReleaseSessionOptions: [100, "void", POINTER],
  AddSessionConfigEntry: [130, POINTER, POINTER, "str", "str"],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, POINTER, POINTER, POINTER],
  CreateCUDAProviderOptions: [205, POINTER, POINTER],
  UpdateCUDAProviderOptions: [206, POINTER, POINTER, "const char **", "const char **", SIZE],
  ReleaseCUDAProviderOptions: [208, "void", POINTER],
  SessionOptionsAppendExecutionProvider: [
    ...([216, POINTER, POINTER, "str", "const char **", "const char **", SIZE] as const),
  ],
  RegisterCustomOpsLibrary_V2: [228, POINTER, POINTER, PATH],
  GetResizedStringTensorElementBuffer: [252, POINTER, POINTER, SIZE, SIZE, POINTER],
  SessionOptionsSetLoadCancellationFlag: [293, POINTER, POINTER, "bool"],
} satisfies Readonly<Record<string, Declaration>>;

/** The first version of the table that has all these functions. */
export const API_VERSION = 21;

/** The functions of ONNX Runtime's C API by their names. */
export type Api = { readonly [N in keyof typeof DECLARATIONS]: NativeFunction };

/** Declares the functions of a table, each at its first use. */
export function apiOf(table: bigint): Api {
  const api = {} as { [N in keyof typeof DECLARATIONS]: NativeFunction };
  const declarations = DECLARATIONS as Readonly<Record<string, Declaration>>;
  for (const name of Object.keys(declarations) as (keyof Api)[]) {
    const [index, result, ...args] = declarations[name] as Declaration;
    Object.defineProperty(api, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = functionAt(pointerAt(table, index), { result, args });
        Object.defineProperty(api, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return api;
}

/** Functions of the first session, and of the first run on zeros. */
const FIRST: readonly (keyof Api)[] = [
  "CreateCpuMemoryInfo",
  "GetAllocatorWithDefaultOptions",
  "DisableTelemetryEvents",
  "CreateSessionOptions",
  "SetSessionLogSeverityLevel",
  "SetIntraOpNumThreads",
  "SetInterOpNumThreads",
  "SetSessionGraphOptimizationLevel",
  "AddSessionConfigEntry",
  "CreateSessionFromArray",
  "ReleaseSessionOptions",
  "AllocatorAlloc",
  "CreateTensorAsOrtValue",
  "GetTensorMutableData",
  "CreateRunOptions",
  "Run",
  "GetValueType",
  "GetTensorTypeAndShape",
  "GetTensorElementType",
  "GetDimensionsCount",
  "GetDimensions",
  "ReleaseTensorTypeAndShapeInfo",
  "ReleaseValue",
];

/** Declares the functions that the first model calls, while this thread waits for the library anyway. */
export function declareEarly(api: Api): void {
  for (const name of FIRST) void api[name];
}

/** `struct OrtApiBase { GetApi, GetVersionString }`. */
const GET_API: FunctionTypes = { result: POINTER, args: ["uint32"] };
const GET_VERSION: FunctionTypes = { result: "str", args: [] };

/** Returns the version of the library. `base` is what `OrtGetApiBase` returns. */
export const versionOf = (base: bigint): string =>
  String(functionAt(pointerAt(base, 1), GET_VERSION)());

/** Returns the table of functions of a version, null if the library is older. */
export const tableOf = (base: bigint, version: number): bigint | null =>
  functionAt(pointerAt(base, 0), GET_API)(version);

function pointerAt(table: bigint, index: number): bigint {
  const bytes = BigUint64Array.BYTES_PER_ELEMENT;
  const [pointer = 0n] = new BigUint64Array(viewMemory(table + BigInt(bytes * index), bytes));
  return pointer;
}
