import {
  AspiredVersionsManager,
  type Clock,
  type Loader,
  type Logger,
  type ServableState,
  type ServingError,
  type Source,
  type SourceEvent,
  type SourceProblem,
  type VersionLabels,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { Observable } from "rxjs";
import { merge } from "rxjs/internal/observable/merge";
import { Subject } from "rxjs/internal/Subject";
import { lastingSettings } from "../config/lasting-settings.js";
import type { ModelConfig } from "../config/model-config.js";
import { restNameWarning } from "../config/model-config.js";
import type { ModelOutcome } from "../config/model-outcome.js";
import { type ResolvedModel, resolveModels } from "../config/resolve-models.js";
import { errors } from "../errors.js";
import type { LoopObserver } from "../plugins/observer.js";
import { CrashRecords } from "./crash-records.js";
import { isDefinedPath } from "./defined-models.js";
import { type ModelPlatform, platformOf } from "./detect-platform.js";
import { EndedVersions } from "./ended-versions.js";
import { GivenSources } from "./given-sources.js";
import { logUnbatched, modelBatching } from "./model-batching.js";
import { ModelCode } from "./model-code.js";
import { modelLoaders } from "./model-loaders.js";
import { ModelSources, type ProvidedServable } from "./model-sources.js";
import { dropPendingLabels } from "./pending-labels.js";
import { isPolicyHeld } from "./readiness.js";
import { statesBesideLive } from "./reported-states.js";
import type { ServedModelsOptions } from "./served-models-options.js";
import { isUri, SourceProviders } from "./source-providers.js";
import { type SettleOptions, settleModels } from "./start-up.js";
import { tellEvent } from "./state-line.js";

/**
 * The models of a server, from their configuration to the manager that holds them: the sources of their base
 * paths, the loaders of their platforms behind batching, and their labels.
 */
export class ServedModels {
  readonly manager: AspiredVersionsManager<Predictor>;
  readonly #options: ServedModelsOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #providers: SourceProviders;
  readonly #source: ModelSources;
  readonly #given: GivenSources;
  readonly #ended: EndedVersions;
  readonly #crashes: CrashRecords | undefined;
  readonly #platforms = new Map<string, ModelPlatform>();
  readonly #code: ModelCode;
  /** Configurations that came from a client. */
  readonly #ofClients = new WeakSet<ModelConfig>();
  readonly #changes = new Subject<string | undefined>();
  /** The models that have had an available version since they were configured. */
  readonly #served = new Set<string>();
  /** The labels that were asked for last, by model. */
  readonly #labels = new Map<string, VersionLabels>();
  #models: ReadonlyMap<string, ResolvedModel>;
  #observers: Pick<LoopObserver, "sourceActivity"> | undefined;
  /** Ends the waiting for the models as they are configured now. */
  #superseding = new AbortController();

  /** @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID. Touches no file. */
  constructor(options: ServedModelsOptions, clock: Clock, logger: Logger) {
    const { models = [] } = options;
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#crashes = options.stateDir ? new CrashRecords(options.stateDir, logger) : undefined;
    this.#providers = new SourceProviders(options.sourceProviders);
    this.#code = new ModelCode(options.platforms);
    this.#models = this.#resolve(models);
    this.#code.consent(this.#models.values());
    this.#tellNames();
    this.manager = new AspiredVersionsManager<Predictor>({ ...options.manager, clock, logger });
    this.#source = new ModelSources({
      servables: this.#servables(),
      ...{ clock, logger },
      ...pick(options, ["pollIntervalMs", "watch", "settleMs"]),
      isAvailable: ({ name, version }) =>
        this.manager.states(name).some((s) => s.id.version === version && s.state === "available"),
    });
    const { sources = [], ready = [] } = options;
    const unknown = ready.find((name) => sources.length === 0 && !this.#models.has(name));
    if (unknown !== undefined) throw errors.readyUnknown(unknown);
    const isConfigured = (name: string) => this.#models.has(name);
    this.#given = new GivenSources({
      ...{ sources, expected: ready, isConfigured, clock, logger },
      onNames: () => this.#changes.next(undefined),
    });
    this.#ended = new EndedVersions(clock, (name) => this.#changes.next(name));
    const forget = () => this.#ended[Symbol.dispose]();
    this.manager.events.subscribe({ complete: forget });
    this.manager.events.subscribe((event) => {
      if (event.kind === "state") this.#ended.record(event);
      if (event.kind === "state" && event.state === "available") this.#served.add(event.id.name);
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
      this.#applyLabels(event.name);
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
    // A version that is being copied to where it is looked for is incomplete at first.
    this.#logger[reason === "VERSION_INCOMPLETE" ? "info" : "warn"]({ reason }, message);
  }

  /** The name of each model whose states or labels have changed; undefined when all were replaced. */
  get changes(): Observable<string | undefined> {
    return this.#changes;
  }

  /** Starts to look for versions and to load them, under the eyes of `observers`. */
  start(observers: Pick<LoopObserver, "batchStarted" | "loading" | "sourceActivity">): void {
    this.#observers = observers;
    const ownBatching = (name: string) => this.#models.get(name)?.batching;
    const batched = modelBatching(
      this.#options,
      ownBatching,
      { clock: this.#clock, logger: this.#logger },
      observers.batchStarted,
    );
    const loaders = modelLoaders({
      platform: (name) => this.#platform(name),
      options: (name) =>
        pick((this.#models.get(name) ?? {}) as Partial<ResolvedModel>, [
          "opLibraries",
          "tflite",
          "python",
          "warmUp",
        ]),
      resources: (name) => this.#models.get(name)?.resources,
      expects: (name) => this.#models.get(name)?.expects,
      batched,
      loaded: (predictor, id) => logUnbatched(predictor, id, this.#logger),
      recorded: (loader, path) => this.#crashes?.recorded(loader, path) ?? loader,
      warmingUp: (id, shown) => observers.loading?.(id, shown),
    });
    const { adapters = [] } = this.#options;
    for (const source of [this.#source, ...this.#given.sources]) {
      const adapted = adapters.reduce<Source<Loader<Predictor>>>(
        (loading, adapter) => loading.pipe(adapter),
        source.pipe(loaders),
      );
      this.manager.connect(adapted);
    }
    this.#setLabels();
  }

  /**
   * The names of the models: those that are configured, whether or not any version was found, and those that sources of
   * the program have.
   */
  names(): readonly string[] {
    return [...this.#models.keys(), ...this.#given.names()];
  }

  /** The URIs of the models that come from remote storage, by their names. */
  uris(): ReadonlyMap<string, string> {
    const isRemote = (basePath: string) => isUri(basePath) && !isDefinedPath(basePath);
    const remote = [...this.#models].filter(([, { basePath }]) => isRemote(basePath));
    return new Map(remote.map(([name, { basePath }]) => [name, basePath]));
  }

  /** The names that the start-up policy is about: those that are configured, and those that sources must bring. */
  get required(): readonly string[] {
    return [...new Set([...this.#models.keys(), ...(this.#options.ready ?? [])])];
  }

  /** The states of the versions of one model, or of all. */
  states(name?: string): readonly ServableState[] {
    return this.manager.states(name);
  }

  /** What status reports of a model's versions beside `states`: see `statesBesideLive`. */
  statesBeside(name: string): readonly ServableState[] {
    return statesBesideLive({
      live: this.manager.states(name),
      problems: this.#problems(name),
      ended: this.#ended.of(name),
    });
  }

  /** The models as they are configured. */
  get configured(): ReadonlyMap<string, ModelConfig> {
    return this.#models;
  }

  /**
   * Models as a client of the server describes them, with what it cannot say as it is configured now: it
   * must not name modules to run or files to write.
   */
  withUnsaid(models: readonly ModelConfig[]): readonly ModelConfig[] {
    return models.map((model) => {
      const { platform, ...current }: Partial<ResolvedModel> = this.#models.get(model.name) ?? {};
      const isOwn = platform !== undefined && typeof platform !== "string";
      const unsaid = pick(current, [
        ...(["batching", "requestLog", "warmUp", "resources"] as const),
        ...(["opLibraries", "tflite", "python", "expects"] as const),
      ]);
      const whole = { ...(isOwn && { platform }), ...model, ...unsaid };
      this.#ofClients.add(whole);
      return whole;
    });
  }

  /** Whether what the start-up policy asked for still holds. */
  isServing(): boolean {
    return isPolicyHeld(this.#options.startUpPolicy ?? "any", {
      configured: this.required,
      served: this.#served,
      isAvailable: (name) => this.manager.states(name).some(({ state }) => state === "available"),
    });
  }

  /**
   * Replaces all models at once: those that are not listed are unloaded. Whoever waits for the models
   * that were configured before waits no longer.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID, and then changes nothing.
   */
  replace(models: readonly ModelConfig[]): void {
    const before = this.#models;
    this.#models = this.#resolve(models, before);
    const own = models.filter((model) => !this.#ofClients.has(model));
    this.#code.consent(own.flatMap(({ name }) => this.#models.get(name) ?? []));
    this.#tellNames(before);
    this.#superseding.abort(errors.reloadSuperseded());
    this.#superseding = new AbortController();
    this.#platforms.clear();
    this.#source.reconfigure(this.#servables());
    for (const [name, model] of before) {
      const now = this.#models.get(name);
      if (now === undefined) {
        this.#served.delete(name);
        this.#labels.delete(name);
        this.manager.setLabels(name, {});
      } else {
        for (const line of lastingSettings(model, now)) this.#logger.warn({ model: name }, line);
      }
    }
    this.#setLabels();
    this.#changes.next(undefined);
  }

  /**
   * Waits for models, by default those that are configured, then takes labels back that point at what is not available. A model that has
   * not settled when `signal` aborts, or other models replace them, has failed with the reason.
   */
  async settle(
    { timeoutMs, signal }: SettleOptions,
    names: readonly string[] = [...this.#models.keys()],
  ): Promise<ModelOutcome[]> {
    const { signal: superseded } = this.#superseding;
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

  /** Ends all waiting for models with `reason`; loads that are interrupted from now on are not crashes. */
  stopSettling(reason: ServingError): void {
    this.#superseding.abort(reason);
    void this.#crashes?.close();
  }

  /** Looks for versions now, and resolves when what was found has been aspired. */
  poll(): Promise<void> {
    return this.#source.poll();
  }

  /** Warns once of each model whose name REST paths cannot have. */
  #tellNames(before: ReadonlyMap<string, unknown> = new Map()): void {
    for (const name of this.#models.keys()) {
      const line = before.has(name) ? undefined : restNameWarning(name);
      if (line !== undefined) this.#logger.warn({ model: name }, line);
    }
  }

  #resolve(
    models: readonly ModelConfig[],
    before?: ReadonlyMap<string, ResolvedModel>,
  ): ReadonlyMap<string, ResolvedModel> {
    const { platforms } = this.#options;
    const resolveBasePath = (path: string, place: string) => this.#providers.resolve(path, place);
    return resolveModels(models, { platforms, resolveBasePath }, before);
  }

  #servables(): ProvidedServable[] {
    return [...this.#models.values()].map(({ name, basePath, versionPolicy }) => ({
      provider: this.#providers.of(basePath),
      ...{ name, basePath, versionPolicy },
      ...pick(this.#options, ["servableVersionsAlwaysPresent"]),
      isComplete: async (path: string) => {
        await this.#crashes?.check(path);
        return this.#platform(name).isComplete(path);
      },
      accepts: (path: string) => this.#platform(name).accepts(path),
    }));
  }

  /** The name of the platform of a model; undefined if it is found out for each version. */
  platformName(name: string): string | undefined {
    const platform = this.#models.get(name)?.platform;
    return typeof platform === "string" ? platform : platform?.platformName;
  }

  #platform(name: string): ModelPlatform {
    let platform = this.#platforms.get(name);
    if (platform === undefined) {
      const { platform: own, basePath = "" } = this.#models.get(name) ?? {};
      const code = this.#code.platformOf(own, { basePath });
      platform = platformOf(code, this.#code.platformsOf(basePath));
      this.#platforms.set(name, platform);
    }
    return platform;
  }

  /** Sets the labels of all models anew: those of their sources, and instead of these the configured ones. */
  #setLabels(): void {
    for (const { name, labels } of this.#models.values()) {
      const all = { ...this.#source.labels(name), ...labels };
      this.#labels.set(name, all);
      this.manager.setLabels(name, all);
    }
  }

  /** Sets the labels of a model that have changed in its source. The others stay where they are. */
  #applyLabels(name: string): void {
    const before = this.#labels.get(name) ?? {};
    const all = { ...this.#source.labels(name), ...this.#models.get(name)?.labels };
    const states = this.manager.labels(name);
    const next = Object.entries(all).flatMap(([label, version]) => {
      if (before[label] !== version) return [[label, version] as const];
      const { pending, version: current } = states.get(label) ?? {};
      const kept = pending ?? current;
      return kept === undefined ? [] : [[label, kept] as const];
    });
    this.#labels.set(name, all);
    this.manager.setLabels(name, Object.fromEntries(next));
  }
}

/** The named options as far as they are given. */
function pick<T extends object, K extends keyof T>(options: T, keys: readonly K[]): Pick<T, K> {
  const given = keys.filter((key) => options[key] !== undefined);
  return Object.fromEntries(given.map((key) => [key, options[key]])) as Pick<T, K>;
}
