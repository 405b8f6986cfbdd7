import { FakeClock, RecordingTarget, sourceConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.js";
import { type Deployment, deploymentSource } from "./custom-source.js";

// #region conformance
const runner = { describe, it };

sourceConformance(runner, {
  name: "deployment source",
  create: () => {
    const clock = new FakeClock();
    let table: Deployment[] = [];
    let looked = 0;
    const readTable = async () => {
      looked++;
      return table;
    };
    return {
      source: deploymentSource(readTable, { clock }),
      names: ["digits", "faces"],
      aspire: (name, versions) => {
        const others = table.filter((row) => row.name !== name);
        table = [...others, ...versions.map((version) => ({ name, version, path: `/${name}` }))];
      },
      breakVersion: ({ name, version }) => {
        const isBroken = (row: Deployment) => row.name === name && row.version === version;
        table = table.map((row) => (isBroken(row) ? { ...row, problem: "bad checksum" } : row));
      },
      pass: () => clock.advance(1_000),
      looked: () => looked,
      held: () => clock.pending,
    };
  },
});
// #endregion

describe("deploymentSource", () => {
  it("keeps aspired versions while the table cannot be read", async () => {
    const clock = new FakeClock();
    let isDown = false;
    const readTable = async () => {
      if (isDown) throw new Error("connection refused");
      return [{ name: "digits", version: 1n, path: "/digits" }];
    };
    using target = new RecordingTarget(deploymentSource(readTable, { clock }));
    await target.next();
    isDown = true;
    await clock.advance(5_000);
    expect(target.emissions).toHaveLength(1);
    isDown = false;
    await clock.advance(1_000);
    expect(target.emissions).toHaveLength(2);
  });
});

describe("the program", () => {
  it("shows version 2 taking over from version 1", async () => {
    const { stdout, stderr, code } = await runExample("custom-source/main.ts");
    expect([stderr, code]).toEqual(["", 0]);
    const lines = stdout.trimEnd().split("\n");
    const taken = lines.indexOf("{name: iris version: 2} available");
    expect(taken).toBeGreaterThan(lines.indexOf("{name: iris version: 1} available"));
    expect(lines.indexOf("{name: iris version: 1} unloading")).toBeGreaterThan(taken);
  });
});
