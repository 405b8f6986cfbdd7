import { filesystemProvider } from "@serving-kit/source-filesystem";
import { FakeStorage } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { isUri, SourceProviders } from "./source-providers.js";

const { provider } = new FakeStorage({ schemes: ["fake", "fakes"] });
const files = filesystemProvider();
const s3 = { schemes: ["s3"], install: "npm install a-source" };

describe("SourceProviders", () => {
  it.each([
    ["/models/digits/", "/models/digits"],
    ["models", `${process.cwd()}/models`],
    ["file:///models/digits", "/models/digits"],
    ["file:/models/digits", "/models/digits"],
    ["fake://digits/", "fake://digits"],
    ["FAKES://digits", "FAKES://digits", false],
  ])("resolve %s", (basePath, resolved, isOwn = true) => {
    const sources = new SourceProviders([provider, files]);
    if (!isOwn)
      return expect(() => sources.resolve(basePath, "basePath")).toThrow("expected fake:");
    expect(sources.resolve(basePath, "basePath")).toBe(resolved);
    expect(sources.of(resolved) === provider).toBe(basePath.startsWith("fake"));
  });

  it("reject unknown schemes with those that are known, and what installs the missing one", () => {
    const refusal = (
      basePath: string,
      ...sources: ConstructorParameters<typeof SourceProviders>
    ) => {
      try {
        return new SourceProviders(...sources).resolve(basePath, "models[0].basePath");
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusal("gs://b/m", [files])).toBe(
      'models[0].basePath: expected a path of this machine (mount a bucket, or copy its models here); got "gs://b/m"',
    );
    expect(refusal("s3:/b/m", [files])).toContain('got "s3:/b/m"');
    expect(refusal("s3://b/m", [provider, s3, files])).toBe(
      "models[0].basePath: expected a path of this machine, or a URI with the scheme fake or fakes " +
        '(npm install a-source adds s3); got "s3://b/m"',
    );
    expect(refusal("fake://", [provider])).toBe(
      "models[0].basePath: expected fake://… with a name; got fake://",
    );
    expect(refusal("/m")).toBe(
      "models[0].basePath: expected a base path of one of the sourceProviders (sourceProviders: " +
        '[filesystemProvider()] of @serving-kit/source-filesystem adds paths); got "/m"',
    );
    const turncoat = { ...provider, resolve: () => "/etc" };
    expect(refusal("fake://m", [turncoat, files])).toContain("returned /etc, which is not its own");
  });

  it("let a provider replace the file system's", () => {
    const own = { ...provider, schemes: ["file"], resolve: (path: string) => `/root${path}` };
    expect(new SourceProviders([own, files]).resolve("/m", "basePath")).toBe("/root/m");
  });

  it("distinguish URIs from paths", () => {
    expect(["/m", "m", "C:\\m", "file:///m", "s3://b/m"].map(isUri)).toEqual([
      ...[false, false, false, false, true],
    ]);
  });
});
