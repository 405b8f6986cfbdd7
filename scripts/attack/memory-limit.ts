import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A limit of the memory of a process: a cgroup. */
export class MemoryLimit {
  readonly #group: string;

  private constructor(group: string) {
    this.#group = group;
  }

  /** Makes a limit. Returns undefined if this process may not. */
  static create(mb: number): MemoryLimit | undefined {
    const group = `/sys/fs/cgroup/serving-kit-attack-${process.pid}-${Date.now()}`;
    try {
      mkdirSync(group);
      // A folder that is not a cgroup has no such file.
      if (!existsSync(join(group, "memory.max"))) throw new Error("no cgroup");
      writeFileSync(join(group, "memory.max"), String(mb * 2 ** 20));
      return new MemoryLimit(group);
    } catch {
      try {
        rmdirSync(group);
      } catch {}
      return undefined;
    }
  }

  /** Limits the memory of a process. */
  add(pid: number): void {
    writeFileSync(join(this.#group, "cgroup.procs"), String(pid));
  }

  /** Removes the limit of a process that has ended. */
  remove(): void {
    rmdirSync(this.#group);
  }
}
