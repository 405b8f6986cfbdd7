import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "../src");
const table = join(
  import.meta.dirname,
  "../../../docs/decisions/tf-serving-batching-behaviours.md",
);

/** The text of all tests that the tables may name. */
const tests = readdirSync(folder)
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => readFileSync(join(folder, name), "utf8"))
  .join("\n");

const rows = readFileSync(table, "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, theirs, ours] = /^\| (\S.*?) \| (\S.*?) \|$/.exec(line) ?? [];
    return theirs && ours && !/^(TF Serving|TensorFlow|---)/.test(theirs)
      ? [[theirs, ours] as const]
      : [];
  });

it("has a row for each test of TensorFlow's schedulers and TF Serving's batching session", () => {
  expect(rows.length).toBeGreaterThan(30);
});

it.each(rows)("%s has a test here, or a reason for having none", (_, ours) => {
  if (!ours.startsWith("none: ")) expect(tests).toContain(ours);
});
