import { join } from "node:path";
import type { LibraryReport } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { type ReportTools, reportPlatform } from "./library-report.js";

const facts = { name: "TensorFlow", places: [], cpuFeatures: [], notes: ["not used: /a.so (b)"] };
const opened = { path: "/lib.so", origin: "cache folder", version: "2.21.0", attempts: [] };
const tools = (report: LibraryReport, damaged: readonly string[] = []): ReportTools => ({
  examine: async () => report,
  check: async () => ({ version: "2.21.0", folder: "/cache", damaged }),
  instructions: async () => "it uses this CPU's instructions",
  findOps: async () => [
    { name: "tensorflow-text", folder: "/python/text", libraries: ["/python/text/a.so"] },
    { name: "ydf-tf", libraries: [] },
  ],
});
const report = (...of: Parameters<typeof tools>) =>
  reportPlatform(undefined, undefined, tools(...of));

describe("reportPlatform", () => {
  it("notes the libraries that are not used, and the op libraries", async () => {
    expect(await report({ ...facts, opened })).toMatchObject({
      opened,
      notes: [
        "it uses this CPU's instructions",
        "not used: /a.so (b)",
        "ops of tensorflow-text: 1 libraries in /python/text",
        "ops of ydf-tf: not installed",
      ],
      damaged: [],
    });
  });

  it("names the files that are damaged, and the command if the library does not open", async () => {
    const damaged = [join("/cache", "tf.so")];
    const opens = await report({ ...facts, opened }, ["tf.so"]);
    expect(opens).toMatchObject({ opened, damaged });
    expect(opens.remedy).toBeUndefined();
    const dies = { ...facts, problem: "SIGSEGV", remedy: "another build" };
    const remedy = "serving-kit install tensorflow";
    expect(await report(dies, ["tf.so"])).toMatchObject({ problem: "SIGSEGV", remedy, damaged });
    expect(await report(dies)).toMatchObject({ remedy: "another build" });
  });

  it("examines a library that is named, and nothing else", async () => {
    const examine = async (path?: string) => ({ ...facts, problem: `${path}`, remedy: "x" });
    const check = () => Promise.reject(new Error("not asked"));
    expect(await reportPlatform("/my.so", undefined, { examine, check })).toMatchObject({
      problem: "/my.so",
    });
  });

  it("never rejects", async () => {
    const check = () => Promise.reject(new Error("aborted"));
    expect(await reportPlatform(undefined, undefined, { check })).toMatchObject({
      problem: "aborted",
      remedy: "serving-kit install tensorflow",
    });
  });
});
