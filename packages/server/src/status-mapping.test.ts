import { ServingError } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { errors } from "./errors.js";
import { statusOf } from "./status-mapping.js";

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

  it("calls everything else INTERNAL and unforeseen", () => {
    for (const thrown of [new Error("m"), "text", undefined]) {
      expect(statusOf(thrown)).toMatchObject({
        code: "INTERNAL",
        httpStatus: 500,
        isForeseen: false,
      });
    }
  });
});
