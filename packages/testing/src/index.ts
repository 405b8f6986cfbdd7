/**
 * Conformance suites for the authors of servables, loaders, sources, policies and schedulers, and
 * the fakes and the clock that tests of waiting components need.
 *
 * @packageDocumentation
 */
export { type Deferred, deferred } from "./deferred.js";
export { FakeClock } from "./fake-clock.js";
export { FakeLoader, type FakeLoaderOptions, type FakeServable } from "./fake-loader.js";
export { FakePredictor, type FakePredictorOptions } from "./fake-predictor.js";
export { predictorConformance } from "./predictor-conformance.js";
export type { PredictorConformanceOptions, PredictorExample } from "./predictor-kit.js";
export { RecordingTarget } from "./recording-target.js";
export type { Runner, Skip, SuiteOptions } from "./runner.js";
export { turn } from "./turn.js";
