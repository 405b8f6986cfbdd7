import { describe, expect, it } from "vitest";
import { showProgress } from "./progress.js";

function recorded(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 1_000 };
  const sink = { isTTY, write: (text: string) => written.push(text) };
  return { progress: showProgress(sink, () => clock.ms), written, clock };
}

describe("showProgress", () => {
  it("draws a bar over itself on a terminal, at most ten times a second, and removes it", () => {
    const { progress, written, clock } = recorded(true);
    progress.update("downloading", 0);
    progress.update("downloading", 0.4);
    clock.ms += 100;
    progress.update("downloading", 0.5);
    progress[Symbol.dispose]();
    expect(written).toEqual([
      `\r\x1b[2K${"░".repeat(30)} 0 % downloading`,
      `\r\x1b[2K${"█".repeat(15)}${"░".repeat(15)} 50 % downloading`,
      "\r\x1b[2K",
    ]);
  });

  it("moves one cell on a terminal while it is not known how much there is", () => {
    const { progress, written, clock } = recorded(true);
    clock.ms = 0;
    progress.update("fetching");
    clock.ms = 3_100;
    progress.update("fetching");
    expect(written).toEqual([
      `\r\x1b[2K█${"░".repeat(29)} fetching`,
      `\r\x1b[2K░█${"░".repeat(28)} fetching`,
    ]);
  });

  it("writes lines elsewhere: one for each label, and one every ten seconds", () => {
    const { progress, written, clock } = recorded(false);
    progress.update("downloading");
    clock.ms += 9_999;
    progress.update("downloading", 0.3);
    clock.ms += 1;
    progress.update("downloading", 0.999);
    progress.update("unpacking", 7);
    progress[Symbol.dispose]();
    expect(written).toEqual(["downloading\n", "downloading 99 %\n", "unpacking 100 %\n"]);
  });

  it("writes nothing if there was no progress", () => {
    const { progress, written } = recorded(true);
    progress[Symbol.dispose]();
    expect(written).toEqual([]);
  });
});
