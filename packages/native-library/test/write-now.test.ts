import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { expect, it } from "vitest";
import { prepareWrite } from "../src/index.js";

it("prepareWrite writes to files", () => {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-write-"));
  const fd = openSync(join(folder, "log"), "w");
  prepareWrite(fd)("a line\n");
  closeSync(fd);
  expect(readFileSync(join(folder, "log"), "utf8")).toBe("a line\n");
  rmSync(folder, { recursive: true });
});

it.skipIf(process.platform === "win32")(
  "prepareWrite drops what a full pipe has no room for, and does not wait (skipped on Windows: no pipe)",
  () => {
    const library = koffi.load(null);
    const ends = new Int32Array(2);
    library.func("pipe", "int", ["void *"])(ends);
    const [readEnd = -1, writeEnd = -1] = ends;
    const write = prepareWrite(writeEnd);
    const part = "x".repeat(4_096);
    for (let parts = 0; parts < 1_000; parts++) write(part);
    const buffer = Buffer.alloc(8_192);
    const read = library.func("read", "long", ["int", "void *", "size_t"]);
    let length = read(readEnd, buffer, buffer.length);
    expect(buffer.subarray(0, length).toString()).toMatch(/^x+$/);
    write("a line\n");
    closeSync(writeEnd);
    let last = "";
    for (; length > 0; length = read(readEnd, buffer, buffer.length)) {
      last = buffer.subarray(0, length).toString();
    }
    expect(last).toMatch(/a line\n$/);
    closeSync(readEnd);
  },
);
