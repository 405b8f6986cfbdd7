/**
 * Conformance suites for the authors of servables, loaders, sources, policies and schedulers, and
 * the fakes and the clock that tests of waiting components need.
 *
 * @packageDocumentation
 */
export { type Deferred, deferred } from "./deferred.js";
export { FakeClock } from "./fake-clock.js";
export { turn } from "./turn.js";
