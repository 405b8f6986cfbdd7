import type {
  AspiredVersions,
  Clock,
  Logger,
  ModelSource,
  RemotePath,
  SourceEvent,
  SourceProblem,
  SourceProvider,
  SourceServable,
  StoragePath,
  VersionLabels,
} from "@serving-kit/core";
import { Subscription } from "rxjs/internal/Subscription";

/** Options for the source of any provider. Absent options were not set by the user. */
export interface ProviderSourceSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pollIntervalMs?: number | undefined;
  readonly watch?: boolean | undefined;
  readonly settleMs?: number | undefined;
}

/** Receives the lists of a provider's source, and its failures. */
export interface ProviderSourceListener {
  emit(list: AspiredVersions<StoragePath | RemotePath>): void;
  tell(event: SourceEvent): void;
  /** The provider threw, or its source failed or completed. A new source is created after `RETRY_MS`. */
  failed(error: unknown): void;
  /** `poll` has not resolved, and the source has emitted nothing for `quietMs`. */
  hangs(quietMs: number): void;
  /** The source emitted a list or event, or a poll resolved. */
  answered(): void;
}

/** Delay in ms before a new source is requested from a provider that failed. */
export const RETRY_MS = 10_000;

/** Maximum time in ms for which a source may be silent during a poll. */
export const QUIET_MS = 30_000;

/** Isolates the source of one provider: if it throws, fails or hangs, only the listener is notified. */
export class ProviderSource implements Disposable {
  readonly #provider: SourceProvider;
  readonly #settings: ProviderSourceSettings;
  readonly #listener: ProviderSourceListener;
  readonly #polls = new Set<() => void>();
  #servables: readonly SourceServable[] = [];
  #source: ModelSource | undefined;
  #subscription = new Subscription();
  #retry: Disposable | undefined;
  #heardAtMs = 0;

  constructor(
    provider: SourceProvider,
    settings: ProviderSourceSettings,
    listener: ProviderSourceListener,
  ) {
    this.#provider = provider;
    this.#settings = settings;
    this.#listener = listener;
  }

  /** Replaces the servables. The first call creates the source and subscribes to it. Never rejects. */
  async reconfigure(servables: readonly SourceServable[]): Promise<void> {
    this.#servables = servables;
    const source = this.#source;
    if (source === undefined) {
      this.#open();
      return;
    }
    try {
      await source.reconfigure(servables);
    } catch (error) {
      if (this.#source === source) this.#fail(error);
    }
  }

  /** Polls. Also resolves if the source fails, hangs, or is disposed meanwhile. */
  poll(): Promise<void> {
    if (this.#source === undefined) this.#open();
    const source = this.#source;
    if (source === undefined) return Promise.resolve();
    const { clock } = this.#settings;
    this.#heardAtMs = clock.now();
    return new Promise((resolve) => {
      let timer: Disposable;
      const end = () => {
        timer[Symbol.dispose]();
        this.#polls.delete(end);
        resolve();
      };
      const watch = () => {
        const quietMs = clock.now() - this.#heardAtMs;
        if (quietMs < QUIET_MS) {
          timer = clock.setTimeout(watch, QUIET_MS - quietMs);
          return;
        }
        this.#listener.hangs(quietMs);
        end();
      };
      timer = clock.setTimeout(watch, QUIET_MS);
      this.#polls.add(end);
      const polling = async () => {
        try {
          await source.poll();
          if (this.#source === source) this.#listener.answered();
        } catch (error) {
          if (this.#source === source) this.#fail(error);
        }
        end();
      };
      void polling();
    });
  }

  problems(name: string): readonly SourceProblem[] {
    try {
      return this.#source?.problems(name) ?? [];
    } catch {
      return [];
    }
  }

  labels(name: string): VersionLabels {
    try {
      return this.#source?.labels?.(name) ?? {};
    } catch {
      return {};
    }
  }

  /** Unsubscribes and ends all waits. */
  [Symbol.dispose](): void {
    this.#source = undefined;
    this.#retry?.[Symbol.dispose]();
    this.#subscription.unsubscribe();
    for (const end of [...this.#polls]) end();
  }

  #open(): void {
    this.#retry?.[Symbol.dispose]();
    this.#subscription.unsubscribe();
    const subscription = new Subscription();
    this.#subscription = subscription;
    const { clock, logger, pollIntervalMs, watch, settleMs } = this.#settings;
    const fail = (error: unknown) => {
      if (this.#subscription === subscription) this.#fail(error);
    };
    const heard = () => {
      this.#heardAtMs = clock.now();
      this.#listener.answered();
    };
    try {
      const source = this.#provider.create({
        ...{ servables: this.#servables, clock, logger },
        ...(pollIntervalMs !== undefined && { pollIntervalMs }),
        ...(watch !== undefined && { watch }),
        ...(settleMs !== undefined && { settleMs }),
      });
      this.#source = source;
      const next = (event: SourceEvent) => {
        this.#heardAtMs = clock.now();
        this.#listener.tell(event);
      };
      subscription.add(source.events.subscribe({ next, error: fail }));
      subscription.add(
        source.subscribe({
          next: (list) => {
            heard();
            this.#listener.emit(list);
          },
          error: fail,
          complete: () => fail(new Error("its source has completed")),
        }),
      );
    } catch (error) {
      fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#source = undefined;
    this.#subscription.unsubscribe();
    this.#retry?.[Symbol.dispose]();
    this.#retry = this.#settings.clock.setTimeout(() => this.#open(), RETRY_MS);
    this.#listener.failed(error);
  }
}
