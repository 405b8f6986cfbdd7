import { tensor } from "@serving-kit/inference";
import { describe, expect, it, vi } from "vitest";
import { ask, done, noNumpy, noPython, open } from "./support.js";

// As on systems without abstract addresses: frames go over a pipe of `spawn`.
vi.mock("../src/worker/socket-pair.js", () => ({ socketPair: async () => undefined }));

describe.skipIf(noPython)(`without a pair${noPython ? ` (skipped: ${noPython})` : ""}`, () => {
  it("a crash fails its own call, and a load that fails says why", async () => {
    const model = await open("crashes.py");
    await expect(ask(model, { do: "segfault" })).rejects.toThrow("SIGSEGV");
    await expect(ask(model, { do: "stray" })).rejects.toThrow("not a frame");
    expect(await done(model, { do: "neighbour" })).toBe("a neighbour");
    await expect(open("crashes.py", { exportName: "fails" })).rejects.toThrow("no weights");
  });

  it.skipIf(noNumpy)("large tensors are the same", async () => {
    const model = await open("tensors.py", { exportName: "Echo" });
    const x = tensor(
      "float32",
      [500, 400],
      Float32Array.from({ length: 200_000 }, (_, i) => i),
    );
    const answers = await Promise.all(
      [1, 2].map(() => model.predict({ x }, { signature: "float32" })),
    );
    for (const answer of answers) expect(answer.x).toEqual(x);
  });
});
