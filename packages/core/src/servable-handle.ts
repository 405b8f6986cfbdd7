import { errors } from "./errors.js";
import type { ServableId } from "./servable-id.js";

/**
 * A reference-counted object: it must not be disposed while its count is above zero.
 *
 * Internal to managers; the counter is a plain field so that acquire and release stay cheap.
 */
export interface Counted<S> {
  readonly id: ServableId;
  readonly servable: S;
  /** Number of handles that are held. */
  handleCount: number;
  /** Called when a release reduces `handleCount` to zero; undefined while there is no listener. */
  onIdle: (() => void) | undefined;
}

/**
 * A counted reference that keeps one version loaded until it is released.
 *
 * Guarantees:
 * - H1 `servable` is usable until the handle is released, regardless of what the manager decides meanwhile.
 * - H2 Releasing twice is the same as releasing once.
 * - H3 After release, reading `servable` throws HANDLE_RELEASED.
 *
 * Release a handle as soon as the call is done, preferably with `using`: until then the version cannot be unloaded,
 * and with the resource-preserving policy its successor cannot be loaded.
 */
export class ServableHandle<S> implements Disposable {
  readonly #counted: Counted<S>;
  #isReleased = false;

  /** Increments the count. Handles are made by managers. */
  constructor(counted: Counted<S>) {
    this.#counted = counted;
    counted.handleCount++;
  }

  /** The version that the handle refers to: for a request without a version, the version that was chosen. */
  get id(): ServableId {
    return this.#counted.id;
  }

  /** The servable. Throws HANDLE_RELEASED (FAILED_PRECONDITION) after release. */
  get servable(): S {
    if (this.#isReleased) throw errors.handleReleased(this.#counted.id);
    return this.#counted.servable;
  }

  /** Releases the handle. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (--this.#counted.handleCount === 0) this.#counted.onIdle?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
