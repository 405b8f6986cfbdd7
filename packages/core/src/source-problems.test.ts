import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { ServingError } from "./errors.js";
import type { SourceProblemEvent } from "./model-source.js";
import { SourceProblems } from "./source-problems.js";

function setUp() {
  const clock = new FakeClock();
  const events: SourceProblemEvent[] = [];
  const problems = new SourceProblems("m", clock, { tell: (event) => events.push(event) });
  const told = () =>
    events
      .splice(0)
      .map(({ kind, problem, atMs }) => [kind, problem.error.reason, problem.version, atMs]);
  return { clock, problems, told };
}

const incomplete = (version: bigint, problem: string) => ({
  version,
  error: new ServingError("UNAVAILABLE", "VERSION_INCOMPLETE", problem),
});

const watchFailed = new ServingError("UNAVAILABLE", "WATCH_FAILED", "no space");

describe("SourceProblems", () => {
  it("emits new and ended problems, but not unchanged ones", async () => {
    const { clock, problems, told } = setUp();
    problems.replace([incomplete(1n, "a"), incomplete(2n, "a")]);
    expect(told()).toEqual([
      ["problem", "VERSION_INCOMPLETE", 1n, 0],
      ["problem", "VERSION_INCOMPLETE", 2n, 0],
    ]);
    await clock.advance(5);
    problems.replace([incomplete(2n, "a")]);
    expect(told()).toEqual([["resolved", "VERSION_INCOMPLETE", 1n, 5]]);
    problems.replace([incomplete(2n, "a")]);
    expect(told()).toEqual([]);
  });

  it("emits a problem again when its text changes, with the original start time", async () => {
    const { clock, problems, told } = setUp();
    problems.replace([incomplete(1n, "it has no files")]);
    await clock.advance(5);
    problems.replace([incomplete(1n, "its files are still changing")]);
    expect(told()).toEqual([
      ["problem", "VERSION_INCOMPLETE", 1n, 0],
      ["problem", "VERSION_INCOMPLETE", 1n, 5],
    ]);
    expect(problems.list()).toMatchObject([{ name: "m", version: 1n, sinceMs: 0 }]);
  });

  it("keeps reported problems in addition to those that polls find, until they are withdrawn", () => {
    const { problems, told } = setUp();
    problems.report(watchFailed);
    problems.replace([incomplete(1n, "a")]);
    problems.replace([]);
    expect(problems.list().map(({ error }) => error.reason)).toEqual(["WATCH_FAILED"]);
    problems.retract("WATCH_FAILED");
    problems.retract("WATCH_FAILED");
    expect(told().map(([kind, reason]) => [kind, reason])).toEqual([
      ["problem", "WATCH_FAILED"],
      ["problem", "VERSION_INCOMPLETE"],
      ["resolved", "VERSION_INCOMPLETE"],
      ["resolved", "WATCH_FAILED"],
    ]);
  });

  it("ends all problems", () => {
    const { problems, told } = setUp();
    problems.report(watchFailed);
    problems.replace([incomplete(1n, "a")]);
    told();
    problems.clear();
    problems.clear();
    expect(told().map(([kind]) => kind)).toEqual(["resolved", "resolved"]);
    expect(problems.list()).toEqual([]);
  });
});
