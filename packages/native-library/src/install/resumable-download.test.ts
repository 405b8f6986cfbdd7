import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@serving-kit/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { downloadFile, partOf } from "./resumable-download.js";

const content = randomBytes(400_000);
const sha256 = createHash("sha256").update(content).digest("hex");
const checksum = { algorithm: "sha256", value: sha256 } as const;
const impatient: Clock = { ...systemClock, setTimeout: (done) => systemClock.setImmediate(done) };

type Answer = (response: ServerResponse, start: number) => void;

let folder: string;
let file: string;
let part: string;
let server: Server;
/** The range of each request; `undefined` for the whole file. */
let ranges: (string | undefined)[];
/** The responses to the next requests; the last one is reused for all that follow. */
let answers: Answer[];
/** The response that is aborted, and the length of the file at that moment. */
let cut: { readonly response: ServerResponse; readonly at: number } | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  file = join(folder, "a.whl");
  part = partOf(file, checksum);
  ranges = [];
  cut = undefined;
  server = createServer(({ headers }, response) => {
    ranges.push(headers.range);
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response, start);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

function head(response: ServerResponse, start: number): void {
  const { length } = content;
  const range = { "content-range": `bytes ${start}-${length - 1}/${length}` };
  response.writeHead(start > 0 ? 206 : 200, {
    "content-length": length - start,
    ...(start > 0 && range),
  });
}

const whole: Answer = (response, start) => {
  head(response, start);
  response.end(content.subarray(start));
};

/** Sends this many bytes, and closes the connection when they have arrived. */
const cutAfter =
  (bytes: number): Answer =>
  (response, start) => {
    head(response, start);
    cut = { response, at: start + bytes };
    response.write(content.subarray(start, start + bytes));
  };

const refuse =
  (status: number): Answer =>
  (response) =>
    response.writeHead(status).end("no");

function download(options: Partial<Parameters<typeof downloadFile>[0]> = {}) {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/a.whl`;
  const onBytes = (bytes: number) => {
    if (bytes === cut?.at) cut.response.destroy();
  };
  return downloadFile({ url, checksum, file, onBytes, clock: impatient, ...options });
}

async function expectWhole(): Promise<void> {
  expect(content.equals(await readFile(file))).toBe(true);
  expect(await readdir(folder)).toEqual(["a.whl"]);
}

describe("downloadFile", () => {
  it("downloads a file, reports progress, and verifies it", async () => {
    answers = [whole];
    const told: (number | undefined)[][] = [];
    let checks = 0;
    const onBytes = (...at: (number | undefined)[]) => told.push(at);
    expect(await download({ onBytes, onChecking: () => checks++ })).toBeUndefined();
    expect(told.at(-1)).toEqual([content.length, content.length]);
    expect([checks, ranges]).toEqual([1, [undefined]]);
    await expectWhole();
  });

  it("resumes each time the connection breaks", async () => {
    answers = [cutAfter(100_000), cutAfter(70_000), whole];
    expect(await download()).toBeUndefined();
    expect(ranges).toEqual([undefined, "bytes=100000-", "bytes=170000-"]);
    await expectWhole();
  });

  it("resumes the download of a killed process", async () => {
    await writeFile(part, content.subarray(0, 123_456));
    answers = [whole];
    expect(await download()).toBeUndefined();
    expect(ranges).toEqual(["bytes=123456-"]);
    await expectWhole();
  });

  it("accepts a complete file left by a process that was killed before the check", async () => {
    await writeFile(part, content);
    answers = [refuse(416)];
    expect(await download()).toBeUndefined();
    await expectWhole();
  });

  it("starts again when the server knows no ranges", async () => {
    await writeFile(part, Buffer.alloc(500_000));
    answers = [(response) => whole(response, 0)];
    expect(await download()).toBeUndefined();
    expect(ranges).toEqual(["bytes=500000-"]);
    await expectWhole();
  });

  it("starts again when what was left is damaged", async () => {
    await writeFile(part, Buffer.alloc(1_000));
    answers = [whole];
    expect(await download()).toBeUndefined();
    expect(ranges).toEqual(["bytes=1000-", undefined]);
    await expectWhole();
  });

  it("rejects any range other than the requested one", async () => {
    await writeFile(part, content.subarray(0, 1_000));
    answers = [(response) => whole(response, 2_000)];
    expect(await download()).toBe("the server answered 206");
    expect((await stat(part)).size).toBe(1_000);
  });

  it.each([401, 404, 503])(
    "reports it when the server answers %d, and keeps what it has",
    async (code) => {
      await writeFile(part, content.subarray(0, 1_000));
      answers = [refuse(code)];
      expect(await download()).toBe(`the server answered ${code}`);
      expect(await readdir(folder)).toEqual([`a.whl.${sha256.slice(0, 16)}.part`]);
    },
  );

  it("reports a server that does not answer", async () => {
    expect(await download({ url: "http://127.0.0.1:1/" })).toBe("no server answered");
    expect(await readdir(folder)).toEqual([]);
  });

  it("reports it when another file comes, and keeps nothing of it", async () => {
    answers = [(response) => response.end("please log in")];
    expect(await download()).toBe(
      `what came is damaged, or another file: expected sha256 ${sha256}`,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("fails when the connection breaks permanently, without showing the address, and keeps the received bytes", async () => {
    answers = [cutAfter(100_000), refuse(503)];
    const { port } = server.address() as AddressInfo;
    const url = `http://name:secret@127.0.0.1:${port}/a.whl`;
    await expect(download()).rejects.toThrow(/^the connection broke .* run it again to go on/);
    expect((await stat(part)).size).toBe(100_000);
    expect(ranges).toHaveLength(7);
    // Node's fetch rejects a URL with a password; its message contains the URL.
    expect(await download({ url })).toBe("no server answered");
  });

  it("stops when the signal aborts, and keeps the received bytes", async () => {
    answers = [
      (response) => {
        head(response, 0);
        response.write(content.subarray(0, 100_000));
      },
    ];
    const controller = new AbortController();
    const onBytes = () => controller.abort(new Error("enough"));
    await expect(download({ onBytes, signal: controller.signal })).rejects.toThrow("enough");
    expect((await stat(part)).size).toBeGreaterThan(0);
  });
});
