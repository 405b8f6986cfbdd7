import { expect, it } from "vitest";
import { commandLogger, type LogFormat } from "./command-logger.js";

async function logged(format: LogFormat) {
  const written = { out: "", err: "" };
  const sink = (key: keyof typeof written) => ({
    write: (text: string) => {
      written[key] += text;
      return true;
    },
  });
  const logger = await commandLogger(format, { stdout: sink("out"), stderr: sink("err") });
  return { logger, written };
}

it("writes sentences: information to stdout, what is wrong to stderr", async () => {
  const { logger, written } = await logged("text");
  logger.info({ model: "m" }, "model m is available");
  logger.warn({}, "model n has no version");
  expect(written).toEqual({ out: "model m is available\n", err: "model n has no version\n" });
});

it("writes the stack of an unexpected error", async () => {
  const { logger, written } = await logged("text");
  logger.error({ err: new Error("boom") }, "a request failed");
  expect(written.err).toMatch(/^a request failed\n {4}Error: boom\n {8}at /);
});

it("no text of a client makes a line of its own, or moves the cursor", async () => {
  const { logger, written } = await logged("text");
  const forged = "model digits version 7 available, all is well";
  logger.info({}, `model \n${forged}\r\u001b[2K\u2028\u202e\u009b1A is unknown`);
  logger.warn({ err: new Error(`no\n${forged}`) }, `"\n${forged}"`);
  const lines = `${written.out}${written.err}`.split("\n");
  expect(lines.filter((line) => line.startsWith(forged))).toEqual([]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(lines.join("")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
  logger.info({}, "x".repeat(1_000_000));
  expect(written.out.length).toBeLessThan(20_000);
});

it("writes an object a line, with the facts, the time and the cause of an error", async () => {
  const { logger, written } = await logged("json");
  const err = new Error("boom", { cause: new Error("fuse") });
  logger.info({ model: "m", version: "1" }, "available");
  logger.error({ err, model: "m" }, "failed");
  const [first, second, ...rest] = written.out.trimEnd().split("\n");
  expect(rest).toEqual([]);
  expect(JSON.parse(first ?? "")).toEqual({
    level: "info",
    time: expect.any(Number),
    model: "m",
    version: "1",
    msg: "available",
  });
  expect(JSON.parse(second ?? "")).toMatchObject({
    level: "error",
    err: { message: "boom: fuse", stack: expect.stringContaining("caused by: Error: fuse") },
  });
  expect(written.err).toBe("");
});
