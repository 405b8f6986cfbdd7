import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A directory that a test fills and that goes away with the test. */
export class TemporaryDirectory implements Disposable {
  readonly path: string;

  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, "source-filesystem-"));
  }

  /** The absolute path of something inside. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Writes a file, and the directories above it. */
  write(relative: string, content: string | Uint8Array = "model"): string {
    const path = this.at(relative);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  makeDirectory(relative: string): string {
    const path = this.at(relative);
    mkdirSync(path, { recursive: true });
    return path;
  }

  rename(from: string, to: string): void {
    renameSync(this.at(from), this.at(to));
  }

  remove(relative: string): void {
    rmSync(this.at(relative), { recursive: true });
  }

  /** Sets the mtime back by an hour, as `cp -p` and `rsync -a` do. */
  age(relative: string): void {
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(this.at(relative), anHourAgo, anHourAgo);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
