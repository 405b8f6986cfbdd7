import type { StartUpPolicy } from "./start-up.js";

/**
 * Keeps track of whether the start-up policy still holds for the models that are required now:
 *
 * - `none`: always.
 * - `any`: if a model has an available version.
 * - `all`: as `any`, and every model that has had an available version still has one. A model that a reload added
 *   counts once it is available.
 *
 * So a new version that loads or fails next to an available one changes nothing. A server without models is ready. A
 * change costs the same for any number of models, because each of thousands changes while a server starts.
 */
export class Readiness {
  readonly #policy: StartUpPolicy;
  readonly #isAvailable: (name: string) => boolean;
  #required: ReadonlySet<string> = new Set();
  /** The models that have had an available version since they were configured. */
  readonly #served = new Set<string>();
  /** The required models that have an available version, and those that had one. */
  readonly #available = new Set<string>();
  readonly #lost = new Set<string>();

  /** @param isAvailable Returns whether a model has an available version now. */
  constructor(policy: StartUpPolicy, isAvailable: (name: string) => boolean) {
    this.#policy = policy;
    this.#isAvailable = isAvailable;
  }

  /** Whether the policy holds. */
  get isHeld(): boolean {
    if (this.#policy === "none" || this.#required.size === 0) return true;
    if (this.#policy === "all" && this.#lost.size > 0) return false;
    return this.#available.size > 0;
  }

  /** Replaces the required models. Those that are gone count as never served. */
  require(required: ReadonlySet<string>, gone: Iterable<string> = []): void {
    this.#required = required;
    for (const name of gone) this.#served.delete(name);
    this.#available.clear();
    this.#lost.clear();
    for (const name of this.#served) this.update(name);
  }

  /** Records that the versions of a model have changed. */
  update(name: string): void {
    const isAvailable = this.#isAvailable(name);
    if (isAvailable) this.#served.add(name);
    const isRequired = this.#required.has(name);
    keep(this.#available, name, isRequired && isAvailable);
    keep(this.#lost, name, isRequired && !isAvailable && this.#served.has(name));
  }
}

function keep(names: Set<string>, name: string, isMember: boolean): void {
  if (isMember) names.add(name);
  else names.delete(name);
}
