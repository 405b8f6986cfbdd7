import { describe, expect, it } from "vitest";
import { isUriWithin, rootOfUri } from "./uri-roots.js";

describe("roots of URIs", () => {
  it.each([
    ["s3://bucket/models/digits", "s3://bucket/models"],
    ["s3://bucket/models/digits/", "s3://bucket/models"],
    ["s3://bucket/digits", "s3://bucket/digits"],
    ["s3://bucket", "s3://bucket"],
    ["s3://bucket/m/digits?endpoint=http://a:1", "s3://bucket/m/digits?endpoint=http://a:1"],
  ])("the root of %s is %s", (basePath, root) => {
    expect(rootOfUri(basePath)).toBe(root);
  });

  it.each([
    ["s3://bucket/models", true],
    ["s3://bucket/models/faces", true],
    ["s3://bucket/models/a/b", true],
    ["s3://bucket/models2/faces", false],
    ["s3://bucket", false],
    ["s3://bucket2/models/faces", false],
    ["s3://bucket/models/../secret", false],
    ["s3://bucket/models/./faces", false],
    ["s3://bucket/models/%2e%2e/secret", false],
    ["s3://bucket/models/..\\secret", false],
    ["s3://bucket/models/faces?endpoint=http://evil", false],
    ["s3://bucket/models/faces#x", false],
    ["/s3://bucket/models/faces", false],
  ])("%s is within s3://bucket/models: %s", (uri, isWithin) => {
    expect(isUriWithin("s3://bucket/models", uri)).toBe(isWithin);
    expect(isUriWithin("s3://bucket/models/", uri)).toBe(isWithin && uri !== "s3://bucket/models");
  });
});
