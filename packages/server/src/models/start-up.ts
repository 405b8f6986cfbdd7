import {
  type AspiredVersionsManager,
  type Clock,
  inSlices,
  type ManagerEvent,
  type ModelSource,
  type ServableState,
  type ServingError,
  type SourceEvent,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { Subscription } from "rxjs/internal/Subscription";
import type { ModelOutcome } from "../config/model-outcome.js";
import { errors } from "../errors.js";
import { SettledModels } from "./settled-models.js";

/**
 * The condition under which a server counts as started.
 *
 * - `all`: every model has an available version.
 * - `any`: at least one model has an available version, and every other model has one or has failed.
 * - `none`: immediately; models become available later, or never.
 */
export type StartUpPolicy = "all" | "any" | "none";

/** The events and states of models that `settleModels` watches. */
export interface ModelFlow {
  readonly manager: AspiredVersionsManager<Predictor>;
  readonly source: Pick<ModelSource, "events" | "poll" | "problems">;
  readonly clock: Clock;
}

/** Options for waiting for models. */
export interface SettleOptions {
  /** Maximum wait in ms; Infinity for no limit. */
  readonly timeoutMs: number;
  /** Ends the wait when it aborts: its reason is the error of the models that have not settled. */
  readonly signal?: AbortSignal | undefined;
}

/** Options for a start, in addition to the versions of the models. */
export interface SettleScope extends SettleOptions {
  /** True if labels count: if so, a version whose files are on their way is waited for if a label points at it. */
  readonly waitsForLabels: boolean;
}

/**
 * Waits until all given models have settled, that is, until all aspired versions are available or have failed.
 *
 * A model has failed if none of its versions is available, because its base path cannot be read or contains no version,
 * or because each load has failed at least once. The wait does not include retries. It includes versions whose files
 * are on their way if there is no other version, or if a label that counts points at them.
 */
export async function settleModels(
  names: readonly string[],
  flow: ModelFlow,
  { timeoutMs, signal, waitsForLabels }: SettleScope,
): Promise<ModelOutcome[]> {
  // The outcome of a model is unknown until its base path has been polled, which may take a while.
  let isPolled = false;
  return new Promise((resolve) => {
    const settled = new SettledModels(names, (name) => outcomeOf(name, flow, waitsForLabels));
    const watching = new Subscription();
    const end = (outcomes: ModelOutcome[]) => {
      watching.unsubscribe();
      resolve(outcomes);
    };
    const check = () => {
      const outcomes = isPolled ? settled.outcomes() : undefined;
      if (outcomes) end(outcomes);
    };
    const changed = (name?: string) => {
      settled.changed(name);
      check();
    };
    const stop = (errorOf: (name: string) => ServingError) => {
      const outcome = (name: string) => (isPolled ? outcomeOf(name, flow, false) : undefined);
      end(names.map((name) => outcome(name) ?? { name, error: errorOf(name) }));
    };
    const timeOut = () => stop((name) => errors.modelNotSettled(name, timeoutMs));
    const onAbort = () => stop(() => signal?.reason as ServingError);
    // First, since a manager that has closed would time the wait out.
    if (signal?.aborted) return onAbort();
    watching.add(watchFlow(flow, changed, timeOut));
    watching.add(limitWait(flow.clock, { timeoutMs, signal }, timeOut, onAbort));
    void flow.source.poll().then(async () => {
      await inSlices(settled.read());
      isPolled = true;
      check();
    });
  });
}

/** Calls `changed` for each event of a model, and `closed` once the manager has closed: no more events follow. */
function watchFlow(
  { manager, source }: ModelFlow,
  changed: (name?: string) => void,
  closed: () => void,
): Subscription {
  const watching = manager.events.subscribe({
    next: (event) => changed(nameOf(event)),
    complete: closed,
  });
  // Deferred, since the source emits the resolved problem before it aspires the version.
  const sourceEvents = source.events.subscribe((event) => {
    if (event.kind !== "activity") queueMicrotask(() => changed(nameOf(event)));
  });
  watching.add(sourceEvents);
  return watching;
}

/** Calls `timeOut` or `onAbort` at the end of a wait. The returned function removes both. */
function limitWait(
  clock: Clock,
  { timeoutMs, signal }: SettleOptions,
  timeOut: () => void,
  onAbort: () => void,
): () => void {
  const timer = Number.isFinite(timeoutMs) ? clock.setTimeout(timeOut, timeoutMs) : undefined;
  signal?.addEventListener("abort", onAbort);
  return () => {
    timer?.[Symbol.dispose]();
    signal?.removeEventListener("abort", onAbort);
  };
}

/** The model of an event from the manager or a source; undefined if the event may concern all models. */
function nameOf(event: ManagerEvent | SourceEvent): string | undefined {
  if ("id" in event) return event.id.name;
  if ("problem" in event) return event.problem.name;
  return "name" in event ? event.name : undefined;
}

/** Returns undefined while the outcome is open, or while a label that is waited for could still be set. */
function outcomeOf(
  name: string,
  { manager, source }: ModelFlow,
  waitsForLabels: boolean,
): ModelOutcome | undefined {
  const states = manager.states(name).filter(({ state }) => state !== "unloading");
  if (states.some(isUnderWay)) return undefined;
  const problems = source.problems(name);
  const onTheirWay = problems.filter(({ error }) => error.reason === "VERSION_INCOMPLETE");
  const pending = new Set([...manager.labels(name).values()].map((label) => label.pending));
  const isLabelled = ({ version }: { readonly version?: bigint }) =>
    version !== undefined && pending.has(version);
  if (waitsForLabels && onTheirWay.some(isLabelled)) return undefined;
  if (states.some(({ state }) => state === "available")) return { name };
  if (onTheirWay.length > 0) return undefined;
  const error = (states.find((state) => state.error) ?? problems[0])?.error;
  return error && { name, error };
}

/** Returns whether the first attempt to load the version has not started or not ended yet. */
function isUnderWay({ state, waitingFor, error }: ServableState): boolean {
  if (error !== undefined && (waitingFor === "retry" || waitingFor === "resources")) return false;
  return state === "start" || state === "loading";
}

/**
 * Checks outcomes against the policy.
 *
 * @throws ServingError FAILED_PRECONDITION / START_UP_FAILED with every model's error.
 */
export function checkStartUp(policy: StartUpPolicy, outcomes: readonly ModelOutcome[]): void {
  const failures = outcomes.filter(({ error }) => error !== undefined);
  const allowed = policy === "all" ? 0 : outcomes.length - 1;
  if (failures.length > Math.max(0, allowed)) throw errors.startUpFailed(policy, failures);
}
