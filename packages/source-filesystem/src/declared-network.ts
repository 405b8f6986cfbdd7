import { storageGates } from "@serving-kit/core";
import type { FileSystem } from "./file-system.js";

/** The network file system of a folder, declared for all reads below the folder: see `storageGates`. */
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

  /** Its identity; undefined if the folder is not on a network file system. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Sets the device of the folder once it is known. */
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
