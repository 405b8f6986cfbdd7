/**
 * The lifecycle of servables: sources, adapters, loaders, policies, managers and handles. Independent of tensors,
 * files, networks and platforms.
 *
 * @packageDocumentation
 */
export { type Abortable, shareSignal, unwatch, watch } from "./abort-watch.js";
export type {
  AspiredVersionPolicy,
  PolicyAction,
  VersionSnapshot,
} from "./aspired-version-policy.js";
export {
  type AspiredData,
  type AspiredError,
  type AspiredVersion,
  type AspiredVersions,
  aspire,
} from "./aspired-versions.js";
export { AspiredVersionsManager } from "./aspired-versions-manager.js";
export type { AspiredVersionsManagerOptions } from "./aspired-versions-manager-options.js";
export { availabilityPreserving } from "./availability-preserving-policy.js";
export { CachingManager, type CachingManagerOptions } from "./caching-manager.js";
export { type Clock, systemClock } from "./clock.js";
export { CODES, type Code, HTTP_STATUS } from "./codes.js";
export {
  COMPLETE,
  type CompleteFiles,
  type Completeness,
  checkCompleteness,
  type IncompleteFiles,
  incomplete,
} from "./completeness.js";
export { delay } from "./delay.js";
export {
  isServingError,
  ServingError,
  type ServingErrorOptions,
} from "./errors.js";
export { type FetchedLoaderOptions, fetchedLoader } from "./fetched-loader.js";
export { InFlight } from "./in-flight.js";
export { inSlices, runToEnd, type Steps, turn } from "./in-slices.js";
export { type LoadContext, type Loader, unload, type WarmUpOutcome } from "./loader.js";
export { type Logger, silentLogger } from "./logger.js";
export type { Manager } from "./manager.js";
export { mapVersions } from "./map-versions.js";
export type {
  ModelSource,
  SourceActivity,
  SourceActivityEvent,
  SourceContext,
  SourceEvent,
  SourceLabelsEvent,
  SourceProblem,
  SourceProblemEvent,
  SourceProvider,
  SourceServable,
} from "./model-source.js";
export { isRemotePath, type LocalLease, type RemotePath } from "./remote-path.js";
export { resourcePreserving } from "./resource-preserving-policy.js";
export { RAM_BYTES, type Resources, ResourceTracker } from "./resources.js";
export { Semaphore } from "./semaphore.js";
export { type Counted, ServableHandle } from "./servable-handle.js";
export {
  formatServableId,
  isSameServable,
  isVersion,
  MAX_VERSION,
  parseVersion,
  type ServableId,
  servableId,
  toVersion,
  type Version,
} from "./servable-id.js";
export {
  formatServableRequest,
  type ServableRequest,
  specific,
  type VersionLabels,
} from "./servable-request.js";
export type {
  ManagerEvent,
  ServableState,
  ServableStateName,
  WaitingFor,
} from "./servable-state.js";
export {
  ServableStateMonitor,
  type ServableStateMonitorOptions,
} from "./servable-state-monitor.js";
export {
  allVersions,
  eligibleVersions,
  latestVersions,
  type ServableVersionPolicy,
  specificVersions,
  wantedCount,
} from "./servable-version-policy.js";
export { type LabelState, ServingMap } from "./serving-map.js";
export { type SettleLimits, settleBy } from "./settle-by.js";
export { type Source, type SourceAdapter, sourceFrom } from "./source.js";
export {
  type FoundProblem,
  type SourceProblemListener,
  SourceProblems,
} from "./source-problems.js";
export { startWorker } from "./start-worker.js";
export { StorageGates, storageGates } from "./storage-gates.js";
export type { StoragePath } from "./storage-path.js";
export { asError, messageOf } from "./thrown.js";
export { versionNames } from "./version-names.js";
export { WaitLine } from "./wait-line.js";
export type { WaitOptions } from "./wait-until.js";
export { type WithoutUndefined, withoutUndefined } from "./without-undefined.js";
export { lateLoader, wrapLoader } from "./wrap-loader.js";
