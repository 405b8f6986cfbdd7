import type { Observable } from "rxjs";
import { Subject } from "rxjs/internal/Subject";
import type { ServingError } from "./errors.js";
import type { ManagerEvent } from "./servable-state.js";

/**
 * The events of a manager. Internal.
 *
 * Events that an observer triggers are queued until the current event is delivered, so that every observer
 * sees the same order.
 */
export class ManagerEvents {
  readonly #subject = new Subject<ManagerEvent>();
  readonly #untold: ManagerEvent[] = [];
  #isTelling = false;
  #unloadFailures: ServingError[] | undefined;

  get observable(): Observable<ManagerEvent> {
    return this.#subject.asObservable();
  }

  /** True if an event is currently being delivered. */
  get isTelling(): boolean {
    return this.#isTelling;
  }

  tell(event: ManagerEvent): void {
    if (event.kind === "state" && event.error?.reason === "UNLOAD_FAILED") {
      this.#unloadFailures?.push(event.error);
    }
    this.#untold.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#untold.shift(); next; next = this.#untold.shift()) {
      this.#subject.next(next);
    }
    this.#isTelling = false;
  }

  /** Returns an array that receives the errors of the unloads that fail from now on. */
  collectUnloadFailures(): readonly ServingError[] {
    this.#unloadFailures = [];
    return this.#unloadFailures;
  }

  complete(): void {
    this.#subject.complete();
  }
}
