import { storageGates } from "@serving-kit/core";
import type { FileSystem } from "./file-system.js";

/** The network file system that a folder is on, declared to all who read below the folder: see `storageGates`. */
export class DeclaredNetwork implements Disposable {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  #declaration: Disposable | undefined;
  #name: string | undefined;

  constructor(fileSystem: FileSystem, folder: string) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.update(undefined);
  }

  /** Its identity; undefined if the folder is on none. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Takes the device of the folder, when it is known. */
  update(device: number | undefined): void {
    const name = this.#fileSystem.networkOf?.(this.#folder, device);
    if (name === this.#name) return;
    this[Symbol.dispose]();
    this.#name = name;
    if (name !== undefined) this.#declaration = storageGates.declare(this.#folder, name);
  }

  [Symbol.dispose](): void {
    this.#declaration?.[Symbol.dispose]();
  }
}
