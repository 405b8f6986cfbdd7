/**
 * Finds, opens and checks C shared libraries, calls their functions on or off the event loop, and first runs code that
 * may kill the process in a child process. Independent of any particular library.
 *
 * @packageDocumentation
 */
export { formatVarArgs, isMusl, returnFreedMemory, setEnvironment } from "./c-runtime.js";
export { cacheFolder } from "./cache-folder.js";
export { type CanaryTask, runInCanary } from "./canary.js";
export { type Attempt, errors as nativeLibraryErrors } from "./errors.js";
export { exitNow, prepareExit } from "./exit-now.js";
export type { LaneFunction } from "./lane-function.js";
export { LaneQueue, type LaneRun } from "./lane-run.js";
export {
  cachedFile,
  environmentVariable,
  explicitPath,
  type LibraryCandidate,
  type Located,
  nodePackage,
} from "./library-candidate.js";
export {
  examineLibrary,
  type LibraryExamination,
  type LibraryPlace,
  type LibraryReport,
  type LibraryReportOptions,
  reportLibrary,
} from "./library-report.js";
export { LimitedRuns, type LimitedRunsOptions } from "./limited-runs.js";
export { mappedLibrary } from "./mapped-library.js";
export {
  type ExecutorLanes,
  NativeExecutor,
  type NativeExecutorOptions,
  type RunLimits,
} from "./native-executor.js";
export {
  callOnThread,
  type NativeDeclaration,
  type NativeFunction,
  type NativeStruct,
  type NativeType,
} from "./native-function.js";
export { NativeLanes, type NativeLanesOptions } from "./native-lanes.js";
export {
  type LibraryRequirements,
  NativeLibrary,
  openLibrary,
  type VersionReader,
} from "./native-library.js";
export {
  addressOf,
  callPointer,
  copyMemory,
  type FunctionTypes,
  functionAt,
  type NativeCallback,
  nativeCallback,
  viewMemory,
} from "./native-memory.js";
export { NativeRuns, nativeRuns } from "./native-runs.js";
export { opaqueStruct, structBytes } from "./opaque-struct.js";
export {
  type CanaryOptions,
  isCanaryOptions,
  type PlatformCanary,
  type ProbedVersion,
  probeInCanary,
} from "./probe-in-canary.js";
export {
  findProgram,
  type PythonSurroundings,
  pythonPrograms,
  pythonSurroundings,
} from "./python.js";
export { type ModuleFile, pythonModuleFolder, pythonPackage } from "./python-package.js";
export { canReusePort, reusePortSocket, type SocketAddress } from "./reuse-port.js";
export { EXECUTIONS, type Execution, RunGroup, RunPlan } from "./run-plan.js";
export { type AttachedSession, type SessionHold, SharedSessions } from "./shared-sessions.js";
export { type SignalHold, signalHold } from "./signal-hold.js";
export { isVersionWithin, type VersionRange } from "./version-range.js";
export { workerThreads } from "./worker-threads.js";
export { prepareWrite } from "./write-now.js";
