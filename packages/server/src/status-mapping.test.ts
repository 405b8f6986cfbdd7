import { ServingError, silentLogger } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { errors } from "./errors.js";
import { statusOf, statusOfFailure } from "./status-mapping.js";

describe("statusOf", () => {
  it.each([
    [new ServingError("FAILED_PRECONDITION", "X", "m"), "FAILED_PRECONDITION", 400],
    [new ServingError("RESOURCE_EXHAUSTED", "BATCH_QUEUE_TIMEOUT", "m"), "RESOURCE_EXHAUSTED", 429],
    [new ServingError("UNAVAILABLE", "BATCH_QUEUE_FULL", "m"), "UNAVAILABLE", 503],
    [new ServingError("CANCELLED", "X", "m"), "CANCELLED", 499],
    [errors.bodyTooLarge(1), "RESOURCE_EXHAUSTED", 413],
    [new ServingError("NEW" as "UNKNOWN", "X", "m"), "UNKNOWN", 500],
    [new DOMException("stop", "AbortError"), "CANCELLED", 499],
  ])("maps %s", (error, code, httpStatus) => {
    expect(statusOf(error)).toMatchObject({ code, httpStatus, isForeseen: true });
  });

  it("calls everything else INTERNAL and unexpected", () => {
    for (const thrown of [new Error("m"), "text", undefined]) {
      expect(statusOf(thrown)).toMatchObject({
        code: "INTERNAL",
        httpStatus: 500,
        isForeseen: false,
      });
    }
  });
});

describe("statusOfFailure", () => {
  const failed = (error: unknown) => {
    const logged: [object, string][] = [];
    const logger = {
      info() {},
      warn() {},
      error: (fields: object, message: string) => void logged.push([fields, message]),
    };
    const { message } = statusOfFailure(error, logger, "a call");
    return { message, logged };
  };

  it("returns the message of an expected error, and logs nothing", () => {
    expect(failed(errors.clientGone())).toEqual({
      message: "the client closed the connection",
      logged: [],
    });
  });

  it("logs any other error under an id, and returns only the id", () => {
    const error = new Error("ENOENT: /home/secret");
    const { message, logged } = failed(error);
    const [, errorId] =
      /^internal error; the log of the server has it as (\S{36})$/.exec(message) ?? [];
    expect(logged).toEqual([[{ err: error, errorId }, "a call failed unexpectedly"]]);
    expect(failed(error).message).not.toBe(message);
  });

  it("does not mention a log if there is none", () => {
    const { message } = statusOfFailure(new Error("ENOENT"), silentLogger, "a call");
    expect(message).toBe("internal error; give the server a logger to learn more");
  });
});
