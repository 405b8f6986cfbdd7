import { existsSync, renameSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { FakeClock, sourceProviderConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { filesystemProvider } from "../src/index.js";
import { TemporaryDirectory } from "./temporary-directory.js";

sourceProviderConformance(
  { describe, it },
  {
    name: "filesystemProvider",
    create: () => {
      const directory = new TemporaryDirectory();
      const clock = new FakeClock();
      for (const name of ["digits", "faces"]) directory.makeDirectory(name);
      const asideOf = (basePath: string) => `${basePath}-aside`;
      const here = (basePath: string) =>
        existsSync(asideOf(basePath)) ? asideOf(basePath) : basePath;
      let count = 0;
      return {
        // The disk is a real one, and the clock is not: no look is late, however fast the clock runs.
        provider: filesystemProvider({ lookTimeoutMs: 1e12 }),
        basePaths: [directory.at("digits"), pathToFileURL(directory.at("faces")).href],
        context: { clock, settleMs: 0, watch: false },
        publish(basePath, version) {
          directory.write(`new${count}/model`);
          renameSync(directory.at(`new${count++}`), `${here(basePath)}/${version}`);
        },
        fail: (basePath) => renameSync(basePath, asideOf(basePath)),
        recover: (basePath) => renameSync(asideOf(basePath), basePath),
        refused: ["file://elsewhere/models"],
        pass: () => clock.advance(1_000),
        async [Symbol.asyncDispose]() {
          directory[Symbol.dispose]();
        },
      };
    },
  },
);

describe("filesystemProvider", () => {
  it("accepts paths and file: URIs", () => {
    const { resolve } = filesystemProvider();
    expect(resolve?.("/models/digits/")).toBe("/models/digits");
    expect(resolve?.("models")).toBe(`${process.cwd()}/models`);
    expect(resolve?.("file:///models/my%20digits")).toBe("/models/my digits");
    expect(() => resolve?.("file://nas/models")).toThrow(
      "expected a file: URI of this machine, such as file:///models; got file://nas/models",
    );
  });
});
