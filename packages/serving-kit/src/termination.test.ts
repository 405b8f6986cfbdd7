import { describe, expect, it, vi } from "vitest";
import { watchTermination } from "./termination.js";

describe("watchTermination", () => {
  it("aborts at the first signal and takes what follows within a second for the same", () => {
    const exit = vi.spyOn(process, "exit").mockReturnValue(undefined as never);
    const now = vi.spyOn(performance, "now").mockReturnValue(5_000);
    using termination = watchTermination();
    expect(termination.signal.aborted).toBe(false);
    process.emit("SIGINT", "SIGINT");
    expect(termination.signal.reason).toBe("SIGINT");
    now.mockReturnValue(6_000);
    process.emit("SIGTERM", "SIGTERM");
    expect(termination.signal.reason).toBe("SIGINT");
    expect(exit).not.toHaveBeenCalled();
    now.mockReturnValue(6_001);
    process.emit("SIGINT", "SIGINT");
    expect(exit).toHaveBeenCalledWith(130);
  });

  it("leaves nothing behind when it is disposed", () => {
    const before = process.listenerCount("SIGTERM");
    watchTermination()[Symbol.dispose]();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
