import {
  AspiredVersionsManager,
  type Clock,
  inSlices,
  type Loader,
  type Logger,
  runToEnd,
  type ServableState,
  type ServingError,
  type Source,
  type SourceEvent,
  type SourceProblem,
  type Steps,
  withoutUndefined,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { Observable } from "rxjs";
import { merge } from "rxjs/internal/observable/merge";
import { Subject } from "rxjs/internal/Subject";
import type { ModelConfig } from "../config/model-config.js";
import type { ModelOutcome } from "../config/model-outcome.js";
import { errors } from "../errors.js";
import type { LoopObserver } from "../plugins/observer.js";
import { ConfiguredModels, type ModelsOrigin } from "./configured-models.js";
import { CrashRecords } from "./crash-records.js";
import { isDefinedPath } from "./defined-models.js";
import { EndedVersions } from "./ended-versions.js";
import { GivenSources } from "./given-sources.js";
import { ModelLabels } from "./model-labels.js";
import { ModelSources } from "./model-sources.js";
import { dropPendingLabels } from "./pending-labels.js";
import { ProvidedServables } from "./provided-servables.js";
import { Readiness } from "./readiness.js";
import { statesBesideLive } from "./reported-states.js";
import { servedLoaders } from "./served-loaders.js";
import type { ServedModelsOptions } from "./served-models-options.js";
import { isUri } from "./source-providers.js";
import { type SettleOptions, settleModels } from "./start-up.js";
import { tellEvent } from "./state-line.js";

/** A snapshot of the configured models, to wait for. */
export interface Configuration {
  readonly names: readonly string[];
  /** Aborts when other models replace them, or the server closes. */
  readonly superseded: AbortSignal;
}

/**
 * The models of a server, from their configuration to the manager that holds them: the sources for their base paths,
 * the loaders of their platforms with batching, and their labels.
 */
export class ServedModels {
  readonly manager: AspiredVersionsManager<Predictor>;
  readonly #options: ServedModelsOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #source: ModelSources;
  readonly #given: GivenSources;
  readonly #ended: EndedVersions;
  readonly #crashes: CrashRecords | undefined;
  readonly #models: ConfiguredModels;
  readonly #servables: ProvidedServables;
  readonly #labels: ModelLabels;
  readonly #changes = new Subject<string | undefined>();
  readonly #readiness: Readiness;
  #observers: Pick<LoopObserver, "sourceActivity"> | undefined;
  /** Aborts waits for the models that are configured now. */
  #superseding = new AbortController();
  /** Resolves when all requested replacements have finished, successfully or not. */
  #replacing: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  /** @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID. Touches no file. */
  constructor(options: ServedModelsOptions, clock: Clock, logger: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#crashes = options.stateDir ? new CrashRecords(options.stateDir, logger) : undefined;
    this.#models = new ConfiguredModels(options, logger);
    this.#servables = new ProvidedServables(options, this.#models, this.#crashes);
    this.manager = new AspiredVersionsManager<Predictor>({ ...options.manager, clock, logger });
    const { pollIntervalMs, watch, settleMs } = options;
    this.#source = new ModelSources({
      servables: runToEnd(this.#servables.of(this.#models.all.values())),
      ...{ clock, logger },
      ...withoutUndefined({ pollIntervalMs, watch, settleMs }),
      isAvailable: ({ name, version }) =>
        this.manager.states(name).some((s) => s.id.version === version && s.state === "available"),
    });
    this.#labels = new ModelLabels(this.manager, (name) => this.#source.labels(name));
    const isAvailable = (name: string) =>
      this.manager.states(name).some(({ state }) => state === "available");
    this.#readiness = new Readiness(options.startUpPolicy ?? "any", isAvailable);
    this.#readiness.require(new Set(this.required.names));
    const { sources = [], ready = [] } = options;
    const isConfigured = (name: string) => this.#models.get(name) !== undefined;
    const unknown = ready.find((name) => sources.length === 0 && !isConfigured(name));
    if (unknown !== undefined) throw errors.readyUnknown(unknown);
    this.#given = new GivenSources({
      ...{ sources, expected: ready, isConfigured, clock, logger },
      onNames: () => this.#changes.next(undefined),
    });
    this.#ended = new EndedVersions(clock, (name) => this.#changes.next(name));
    const forget = () => this.#ended[Symbol.dispose]();
    this.manager.events.subscribe({ complete: forget });
    this.manager.events.subscribe((event) => {
      if (event.kind === "state") this.#ended.record(event);
      if (event.kind === "state") this.#readiness.update(event.id.name);
      tellEvent(event, clock.now(), logger);
      if (event.kind === "state") this.#changes.next(event.id.name);
      if (event.kind === "labels") this.#changes.next(event.name);
    });
    this.#sourceEvents.subscribe((event) => this.#takeSourceEvent(event));
  }

  get #sourceEvents(): Observable<SourceEvent> {
    return merge(this.#source.events, this.#given.events);
  }

  #problems(name: string): SourceProblem[] {
    return [...this.#source.problems(name), ...this.#given.problems(name)];
  }

  #takeSourceEvent(event: SourceEvent): void {
    if (event.kind === "labels") {
      const { name } = event;
      this.#labels.update({ name, labels: this.#models.get(name)?.labels });
      return;
    }
    if (event.kind === "activity") {
      this.#observers?.sourceActivity?.(event);
      return;
    }
    const { kind, problem } = event;
    this.#changes.next(problem.name);
    if (kind !== "problem") return;
    const { reason, message } = problem.error;
    // A version that is being copied into its base path is incomplete at first.
    this.#logger[reason === "VERSION_INCOMPLETE" ? "info" : "warn"]({ reason }, message);
  }

  /** Emits the name of each model whose states or labels have changed; undefined when all models were replaced. */
  get changes(): Observable<string | undefined> {
    return this.#changes;
  }

  /** Starts to poll for versions and to load them, and notifies `observers`. */
  start(observers: Pick<LoopObserver, "batchStarted" | "loading" | "sourceActivity">): void {
    this.#observers = observers;
    const parts = { models: this.#models, crashes: this.#crashes };
    const context = { clock: this.#clock, logger: this.#logger };
    const loaders = servedLoaders(this.#options, parts, context, observers);
    const { adapters = [] } = this.#options;
    for (const source of [this.#source, ...this.#given.sources]) {
      const adapted = adapters.reduce<Source<Loader<Predictor>>>(
        (loading, adapter) => loading.pipe(adapter),
        source.pipe(loaders),
      );
      this.manager.connect(adapted);
    }
    runToEnd(this.#setLabels());
  }

  /**
   * The names of the models: those that are configured, whether or not a version was found, and those that the
   * program's sources have emitted.
   */
  names(): readonly string[] {
    return [...this.configured.keys(), ...this.#given.names()];
  }

  /** The URIs of models in remote storage, by model name. */
  uris(): ReadonlyMap<string, string> {
    const isRemote = (basePath: string) => isUri(basePath) && !isDefinedPath(basePath);
    const remote = [...this.configured].filter(([, { basePath }]) => isRemote(basePath));
    return new Map(remote.map(([name, { basePath }]) => [name, basePath]));
  }

  /** The models that the start-up policy counts: those that are configured, and those that sources must emit. */
  get required(): Configuration {
    const { names, superseded } = this.#configuration;
    return { names: [...new Set([...names, ...(this.#options.ready ?? [])])], superseded };
  }

  /** The states of the versions of one model, or of all models. */
  states(name?: string): readonly ServableState[] {
    return this.manager.states(name);
  }

  /** The states that status reports in addition to `states`: see `statesBesideLive`. */
  statesBeside(name: string): readonly ServableState[] {
    return statesBesideLive({
      live: this.manager.states(name),
      problems: this.#problems(name),
      ended: this.#ended.of(name),
    });
  }

  /** The models as they are configured now. */
  get configured(): ReadonlyMap<string, ModelConfig> {
    return this.#models.all;
  }

  /** The name of a model's platform; undefined if the files of each version decide. */
  platformName(name: string): string | undefined {
    return this.#models.platformName(name);
  }

  /** Returns whether the start-up policy still holds. */
  isServing(): boolean {
    return this.#readiness.isHeld;
  }

  /**
   * Replaces all models: those that are not listed are unloaded. Any wait for the previous models ends. Thousands of
   * models are checked in slices before any of them takes effect. Calls run one after another. Resolves with the
   * resulting configuration.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID; then nothing changes.
   */
  replace(models: readonly ModelConfig[], origin: ModelsOrigin): Promise<Configuration> {
    const replaced = this.#replacing.then(() => this.#replace(models, origin));
    this.#replacing = replaced.catch(() => {});
    return replaced;
  }

  async #replace(models: readonly ModelConfig[], origin: ModelsOrigin): Promise<Configuration> {
    const check = () => {
      if (this.#isStopped) throw errors.serverClosing();
    };
    check();
    const change = await inSlices(this.#models.check(models, origin), check);
    const servables = await inSlices(this.#servables.of(change.models.values()), check);
    this.#models.replace(change);
    this.#superseding.abort(errors.reloadSuperseded());
    this.#superseding = new AbortController();
    const configuration = this.#configuration;
    this.#readiness.require(new Set(this.required.names));
    await this.#source.reconfigure(servables);
    // Again, because the models that are gone were available until now.
    this.#readiness.require(new Set(this.required.names), change.gone);
    for (const name of change.gone) this.#labels.remove(name);
    await inSlices(this.#setLabels());
    this.#changes.next(undefined);
    return configuration;
  }

  get #configuration(): Configuration {
    return { names: [...this.configured.keys()], superseded: this.#superseding.signal };
  }

  /**
   * Waits for models, by default those that are configured, then reverts labels that point at unavailable versions. A
   * model that has not settled when `signal` aborts, or when other models replace it, fails with that reason.
   */
  async settle(
    { timeoutMs, signal }: SettleOptions,
    { names, superseded }: Configuration = this.#configuration,
  ): Promise<ModelOutcome[]> {
    const mayPend = this.#options.allowVersionLabelsForUnavailableModels ?? false;
    const outcomes = await settleModels(
      names,
      {
        manager: this.manager,
        source: {
          events: this.#sourceEvents,
          poll: () => this.#source.poll(),
          problems: (name = "") => this.#problems(name),
        },
        clock: this.#clock,
      },
      {
        timeoutMs,
        signal: signal ? AbortSignal.any([signal, superseded]) : superseded,
        waitsForLabels: !mayPend,
      },
    );
    if (superseded.aborted || mayPend) return outcomes;
    return outcomes.map((outcome) => dropPendingLabels(this.manager, outcome));
  }

  /** Ends all waits for models with `reason`. Loads that are interrupted from now on do not count as crashes. */
  stopSettling(reason: ServingError): void {
    this.#isStopped = true;
    this.#superseding.abort(reason);
    void this.#crashes?.close();
  }

  /** Polls for versions now, and resolves when the found versions have been aspired. */
  poll(): Promise<void> {
    return this.#source.poll();
  }

  *#setLabels(): Steps<void> {
    for (const model of this.#models.all.values()) {
      this.#labels.set(model);
      yield;
    }
  }
}
