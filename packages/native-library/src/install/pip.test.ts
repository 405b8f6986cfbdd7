import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findPip } from "./pip.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-pip-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.skipIf(process.platform === "win32")(
  "findPip runs a Python whose working directory is there until it has answered (skipped on Windows: no sh)",
  async () => {
    const python = join(folder, "python3");
    // Like pip, it fails in a folder that was removed.
    writeFileSync(python, "#!/bin/sh\n/bin/pwd -P >/dev/null && echo pip 99.1 from here\n");
    chmodSync(python, 0o755);
    const pip = await findPip({ PATH: folder });
    expect(pip).toEqual({ command: python, args: ["-m", "pip"], version: 99.1 });
  },
);
