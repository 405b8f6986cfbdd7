import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openFile, readFileOf, readWholeFile } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-open-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(process.platform === "win32")("openFile", () => {
  it("rejects a FIFO, a device and a socket, and waits for no writer", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const socket = join(folder, "socket");
    const server = createServer().listen(socket);
    await expect(openFile(fifo)).rejects.toThrow("expected a file; got a FIFO");
    await expect(openFile("/dev/zero")).rejects.toThrow("expected a file; got a device: /dev/zero");
    await expect(openFile(socket)).rejects.toMatchObject({ code: "ENXIO" });
    server.close();
    await expect(readWholeFile(fifo)).rejects.toThrow("got a FIFO");
    await expect(readFileOf(fifo)).rejects.toThrow("got a FIFO");
  });

  it("opens files; reading rejects a folder", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "text");
    expect((await readFileOf(path)).toString()).toBe("text");
    await expect(readFileOf(folder)).rejects.toMatchObject({ code: "EISDIR" });
    await expect(openFile(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
