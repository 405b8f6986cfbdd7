import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the digits models of the examples. */
export const digits = fileURLToPath(new URL("../examples/models/digits/", import.meta.url));

/** A base path of the model digits, into which versions are moved when they are complete. Disposal removes it. */
export class SwappedDigits implements Disposable {
  readonly basePath = mkdtempSync(join(tmpdir(), "swapped-digits-"));
  #last = 0;

  /** Publishes the next version, and removes the third before it. Odd versions are one model, even ones the other. */
  publish(): number {
    const version = ++this.#last;
    const incoming = join(this.basePath, ".incoming");
    cpSync(join(digits, version % 2 === 1 ? "1" : "alternate/2"), incoming, { recursive: true });
    renameSync(incoming, join(this.basePath, String(version)));
    rmSync(join(this.basePath, String(version - 3)), { recursive: true, force: true });
    return version;
  }

  [Symbol.dispose](): void {
    rmSync(this.basePath, { recursive: true });
  }
}
