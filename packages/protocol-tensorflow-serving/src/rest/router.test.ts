import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchRoute } from "./router.js";

describe("matchRoute", () => {
  it.each([
    ["POST", "/v1/models/m:predict", { kind: "predict", request: { name: "m" } }],
    ["POST", "/V1/MODELS/M:CLASSIFY", { kind: "classify", request: { name: "M" } }],
    [
      "POST",
      "/v1/models/m/versions/007:regress",
      { kind: "regress", request: { name: "m", version: 7n } },
    ],
    [
      "POST",
      "/v1/models/m/labels/a%20b:predict",
      { kind: "predict", request: { name: "m", label: "a b" } },
    ],
    ["POST", "/v1/models/a%2Fb:predict", { kind: "predict", request: { name: "a/b" } }],
    // As curl decodes: what is not code stays, and what is not UTF-8 is a name that no model has.
    ["GET", "/v1/models/%zz%2", { kind: "status", request: { name: "%zz%2" } }],
    ["GET", "/v1/models/é%C3%A9%ff", { kind: "status", request: { name: "éé\ufffd" } }],
    [
      "POST",
      "/v1/models/m/labels/%zz:predict",
      { kind: "predict", request: { name: "m", label: "%zz" } },
    ],
    ["GET", "/v1/models/m", { kind: "status", request: { name: "m" } }],
    ["HEAD", "/v1/models/m", { kind: "status", request: { name: "m" } }],
    [
      "GET",
      "/v1/models/m/versions/9223372036854775807",
      { kind: "status", request: { name: "m", version: 2n ** 63n - 1n } },
    ],
    [
      "GET",
      "/v1/models/m/labels/x/metadata",
      { kind: "metadata", request: { name: "m", label: "x" } },
    ],
    ["GET", "/v1/models", { kind: "list" }],
    ["GET", "/v1/health/LIVE", { kind: "live" }],
    ["GET", "/v1/health/ready", { kind: "ready" }],
    ["OPTIONS", "/v1/anything", { kind: "preflight" }],
  ])("%s %s", (method, path, route) => {
    expect(matchRoute(method, path)).toEqual(route);
  });

  it.each([
    ["GET", "/v1/models/metadata/x", "Malformed request: GET /v1/models/metadata/x"],
    ["GET", "/v1/models/versions/1", "Missing model name in request."],
    ["GET", "/v1/models/metadata", undefined],
    ["GET", "/v1/models/versions/1/metadata", "Missing model name in request."],
    ["GET", "/v1/models/", "Malformed request: GET /v1/models/"],
    ["POST", "/v1/models:predict", "Malformed request: POST /v1/models:predict"],
    ["DELETE", "/v1/models/m", "Malformed request: DELETE /v1/models/m"],
    [
      "GET",
      "/v1/models/m/versions/9223372036854775808",
      "Failed to convert version: 9223372036854775808 to numeric.",
    ],
  ])("%s %s: %s", (method, path, message) => {
    if (message === undefined) expect(matchRoute(method, path).kind).toBe("status");
    else
      expect(() => matchRoute(method, path)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
      );
  });

  it("returns a route or a ServingError for every path, synchronously", () => {
    const part = fc.constantFrom(
      "/",
      "v1",
      "models",
      "versions",
      "labels",
      ":",
      "predict",
      "1",
      "m",
      "%2e",
      "%",
      "\0",
      "é",
    );
    fc.assert(
      fc.property(
        fc.constantFrom("GET", "POST"),
        fc.array(part, { maxLength: 12 }),
        (method, parts) => {
          try {
            matchRoute(method, `/v1/models${parts.join("")}`);
          } catch (error) {
            expect((error as { code: string }).code).toBe("INVALID_ARGUMENT");
          }
        },
      ),
    );
  });
});
