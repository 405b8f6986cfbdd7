import {
  appendFile,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tfRecord, tfRecords } from "@serving-kit/tensorflow-wire";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppendFile, endOfLines, endOfTfRecords } from "../src/request-log/append-file.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-append-"));
  path = join(folder, "log");
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const record = (text: string) => tfRecord(Buffer.from(text));
const textsOf = async () =>
  Array.from(tfRecords(await readFile(path)), (bytes) => Buffer.from(bytes).toString());

/** Makes the next write of a file stop after some bytes, as on a full disk. */
async function fillDisk(bytes: number): Promise<void> {
  const handle = await open(path, "r");
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  vi.spyOn(prototype, "appendFile").mockImplementationOnce(async function (
    this: typeof handle,
    data,
  ) {
    await this.write(Buffer.from(data as Uint8Array).subarray(0, bytes));
    throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  });
}

describe("AppendFile", () => {
  it("AF1 truncates a TFRecord file at open to its last complete record, for each cut position", async () => {
    const whole = Buffer.concat(["one", "two", "x".repeat(70_000)].map(record));
    const ends = [0, record("one").length, record("one").length + record("two").length];
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length }), async (length) => {
        await writeFile(path, whole.subarray(0, length));
        const file = new AppendFile(path, endOfTfRecords);
        await file.append(record("next"));
        await file.close();
        const kept = [...ends, whole.length].filter((end) => end > 0 && end <= length).length;
        expect(await textsOf()).toEqual(
          ["one", "two", "x".repeat(70_000)].slice(0, kept).concat("next"),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("AF1 truncates a file of lines at open to its last line", async () => {
    for (const [text, kept] of [
      ["", ""],
      ["half a line", ""],
      ["a\nb\nhalf", "a\nb\n"],
      [`a\n${"long".repeat(40_000)}`, "a\n"],
      ["a\n", "a\n"],
    ] as const) {
      await writeFile(path, text);
      const file = new AppendFile(path, endOfLines);
      await file.append(Buffer.from("next\n"));
      await file.close();
      expect(await readFile(path, "utf8")).toBe(`${kept}next\n`);
    }
  });

  it("AF1 truncates the remains of a failed write, and continues", async () => {
    const file = new AppendFile(path, endOfTfRecords);
    await file.append(record("one"));
    await fillDisk(5);
    await expect(file.append(record("lost"))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await textsOf()).toEqual(["one"]);
    await file.append(record("two"));
    expect(await textsOf()).toEqual(["one", "two"]);
    await file.close();
  });

  it("AF1 makes a file that another process truncates no longer than it is", async () => {
    const file = new AppendFile(path, endOfTfRecords);
    await file.append(record("one"));
    await truncate(path, 0);
    await fillDisk(5);
    await expect(file.append(record("lost"))).rejects.toThrow("no space");
    await file.append(record("two"));
    expect(await textsOf()).toEqual(["two"]);
    await file.close();
  });

  it("AF2 opens the path again after reopen, and not before", async () => {
    const file = new AppendFile(path, endOfLines);
    await file.append(Buffer.from("1\n"));
    await rename(path, `${path}.old`);
    await file.append(Buffer.from("2\n"));
    file.reopen();
    await file.append(Buffer.from("3\n"));
    await file.close();
    expect(await readFile(`${path}.old`, "utf8")).toBe("1\n2\n");
    expect(await readFile(path, "utf8")).toBe("3\n");
  });

  it.skipIf(process.platform === "win32")("is readable by its owner alone", async () => {
    const file = new AppendFile(path, endOfLines);
    await file.append(Buffer.from("1\n"));
    await file.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await appendFile(path, "");
  });
});
