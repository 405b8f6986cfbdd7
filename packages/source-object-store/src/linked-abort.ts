/**
 * An abort controller that aborts with a signal too, until it is disposed. Unlike `AbortSignal.any` it leaves nothing
 * on a signal that lives long.
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
