/**
 * An abort controller that also aborts when a signal aborts, until it is disposed. Unlike `AbortSignal.any`, it
 * leaves nothing attached to a long-lived signal.
 */
export class LinkedAbort extends AbortController implements Disposable {
  readonly #parent: AbortSignal;
  readonly #follow = () => this.abort(this.#parent.reason);

  constructor(parent: AbortSignal) {
    super();
    this.#parent = parent;
    if (parent.aborted) this.#follow();
    else parent.addEventListener("abort", this.#follow);
  }

  [Symbol.dispose](): void {
    this.#parent.removeEventListener("abort", this.#follow);
  }
}
