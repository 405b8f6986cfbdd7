/**
 * Conformance suites for authors of servables, loaders, sources, policies and schedulers, and the fakes and the clock
 * for tests of components that wait.
 *
 * @packageDocumentation
 */
export { type AdapterConformanceOptions, adapterConformance } from "./adapter-conformance.js";
export { batchSchedulerConformance } from "./batch-scheduler-conformance.js";
export type {
  BatchSchedulerConformanceOptions,
  BatchSchedulerSetup,
} from "./batch-scheduler-kit.js";
export {
  type ClockConformanceOptions,
  type ClockSubject,
  clockConformance,
} from "./clock-conformance.js";
export { type Deferred, deferred } from "./deferred.js";
export { FakeClock } from "./fake-clock.js";
export { FakeLoader, type FakeLoaderOptions, type FakeServable } from "./fake-loader.js";
export { FakePredictor, type FakePredictorOptions } from "./fake-predictor.js";
export { type FakeFiles, FakeStorage, type FakeStorageOptions } from "./fake-storage.js";
export { limitedMemory } from "./limited-memory.js";
export { loaderConformance } from "./loader-conformance.js";
export type { BrokenArtefact, LoaderConformanceOptions } from "./loader-options.js";
export { type ManagerConformanceOptions, managerConformance } from "./manager-conformance.js";
export type { ManagerSubject } from "./manager-stage.js";
export type { ModelExample, ModelLoaderOptions, ModelPredictorOptions } from "./model-options.js";
export { type PlatformConformanceOptions, platformConformance } from "./platform-conformance.js";
export { type PolicyConformanceOptions, policyConformance } from "./policy-conformance.js";
export { predictorConformance } from "./predictor-conformance.js";
export type { PredictorConformanceOptions, PredictorExample } from "./predictor-kit.js";
export { predictorThroughManager } from "./predictor-through-manager.js";
export {
  PuppetBatchScheduler,
  type PuppetBatchSchedulerOptions,
} from "./puppet-batch-scheduler.js";
export { RecordingTarget } from "./recording-target.js";
export {
  type RemotePathConformanceOptions,
  type RemotePathWorld,
  remotePathConformance,
} from "./remote-path-conformance.js";
export {
  type RespondConformanceOptions,
  type RespondExample,
  respondConformance,
} from "./respond-conformance.js";
export type { Runner, Skip, SuiteOptions } from "./runner.js";
export { sourceConformance } from "./source-conformance.js";
export { sourceProviderConformance } from "./source-provider-conformance.js";
export type {
  SourceProviderConformanceOptions,
  SourceProviderWorld,
} from "./source-provider-world.js";
export type { SourceConformanceOptions, SourceWorld } from "./source-world.js";
export { turn } from "./turn.js";
