import { describe, expect, it } from "vitest";
import { explicitPath, type LibraryCandidate } from "./library-candidate.js";
import { type LibraryReportOptions, reportLibrary } from "./library-report.js";
import type { NativeLibrary } from "./native-library.js";

const nowhere: LibraryCandidate = {
  origin: "cache folder",
  locate: () => ({ missing: "is empty" }),
};
const report = (options: Partial<LibraryReportOptions>) =>
  reportLibrary({
    name: "Sums",
    candidates: [nowhere],
    open: () => Promise.reject(new Error("nothing there")),
    remedy: "npm install sums",
    ...options,
  });

describe("reportLibrary", () => {
  it("reports the library that opens, and every place that was checked", async () => {
    const library = {
      name: "Sums",
      path: "/lib/sums.so",
      origin: "npm",
      version: "1.2",
      attempts: [],
    };
    const candidates: LibraryCandidate[] = [
      nowhere,
      { origin: "npm", locate: () => ({ path: library.path }) },
    ];
    const open = async () => library as unknown as NativeLibrary;
    expect(await report({ candidates, open })).toEqual({
      name: "Sums",
      places: [
        { origin: "cache folder", missing: "is empty" },
        { origin: "npm", path: "/lib/sums.so" },
      ],
      opened: { path: "/lib/sums.so", origin: "npm", version: "1.2", attempts: [] },
      notes: [],
      cpuFeatures: expect.any(Array),
    });
  });

  it("reports which libraries are found and not used, those before it with the reason", async () => {
    const at = (origin: string): LibraryCandidate => ({
      origin,
      locate: () => ({ path: `/${origin}.so` }),
    });
    const attempts = [
      { origin: "environment variable X", outcome: "is not set" },
      { origin: "newest", outcome: "/newest.so does not open: GLIBC_2.34 not found" },
    ];
    const library = { path: "/npm.so", origin: "npm", version: "1.2", attempts };
    const { notes } = await report({
      candidates: ["newest", "npm", "python"].map(at),
      open: async () => library as unknown as NativeLibrary,
    });
    expect(notes).toEqual([
      "not used: newest: /newest.so does not open: GLIBC_2.34 not found",
      "not used: /python.so (python)",
    ]);
  });

  it("reports why no library opens, and how to fix it", async () => {
    const { opened, problem, remedy } = await report({});
    expect([opened, problem, remedy]).toEqual([undefined, "nothing there", "npm install sums"]);
  });

  it("does not advise to install one that a path of the user's would hide", async () => {
    const { remedy } = await report({ candidates: explicitPath("option library", "/nowhere") });
    expect(remedy).toBe("correct the path in option library, or leave it out");
  });
});
