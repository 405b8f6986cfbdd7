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
 * When a server counts as started.
 *
 * - `all`: every model has an available version.
 * - `any`: at least one model has, and every other one has one or has failed.
 * - `none`: at once; models become available later, or never.
 */
export type StartUpPolicy = "all" | "any" | "none";

/** Where models come from and go to, as `settleModels` watches them. */
export interface ModelFlow {
  readonly manager: AspiredVersionsManager<Predictor>;
  readonly source: Pick<ModelSource, "events" | "poll" | "problems">;
  readonly clock: Clock;
}

/** How long to wait for models. */
export interface SettleOptions {
  /** At most this long; Infinity for no limit. */
  readonly timeoutMs: number;
  /** Aborts the waiting: its reason is the error of the models that have not settled. */
  readonly signal?: AbortSignal | undefined;
}

/** The conditions of a start besides the versions of the models. */
export interface SettleScope extends SettleOptions {
  /** Whether the labels count: a version that is on its way is waited for when a label is for it. */
  readonly waitsForLabels: boolean;
}

/**
 * Waits until each of some models has settled: until all of its aspired versions are available or have
 * failed.
 *
 * A model has failed when none of its versions is available: because its base path cannot be read or
 * holds no version, or because loading each has failed at least once. What is retried later is not
 * waited for; versions whose files are on their way are, while there is no other, or when a label that
 * counts is for them.
 */
export async function settleModels(
  names: readonly string[],
  flow: ModelFlow,
  { timeoutMs, signal, waitsForLabels }: SettleScope,
): Promise<ModelOutcome[]> {
  const { manager, source, clock } = flow;
  // The outcome of a model is not known before its base path was polled, which may take its time.
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
    const giveUp = () => stop((name) => errors.modelNotSettled(name, timeoutMs));
    const onAbort = () => stop(() => signal?.reason as ServingError);
    // When the manager has closed nothing more will come.
    watching.add(
      manager.events.subscribe({ next: (event) => changed(nameOf(event)), complete: giveUp }),
    );
    // Later, since a version whose problem is over is aspired after that was emitted.
    watching.add(
      source.events.subscribe((event) => {
        if (event.kind !== "activity") queueMicrotask(() => changed(nameOf(event)));
      }),
    );
    if (Number.isFinite(timeoutMs)) {
      const timer = clock.setTimeout(giveUp, timeoutMs);
      watching.add(() => timer[Symbol.dispose]());
    }
    signal?.addEventListener("abort", onAbort);
    watching.add(() => signal?.removeEventListener("abort", onAbort));
    if (signal?.aborted) onAbort();
    void source.poll().then(async () => {
      await inSlices(settled.read());
      isPolled = true;
      check();
    });
  });
}

/** The model of an event of the manager or of a source; undefined if it may be about all. */
function nameOf(event: ManagerEvent | SourceEvent): string | undefined {
  if ("id" in event) return event.id.name;
  if ("problem" in event) return event.problem.name;
  return "name" in event ? event.name : undefined;
}

/** Undefined while it is open, and while a label that is waited for could still be set. */
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

/** Whether a first attempt to load the version is still to come or to end. */
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
