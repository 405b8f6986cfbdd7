import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** The text of all tests that the table may name. */
const tests = ["core/src", "core/test", "source-filesystem/src", "source-filesystem/test"]
  .map((folder) => join(root, "packages", folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((file) => file.endsWith(".test.ts") && file !== import.meta.filename)
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

const rows = readFileSync(join(root, "docs/decisions/tf-serving-behaviours.md"), "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, theirs, ours] = /^\| (\S.*?) \| (\S.*?) \|$/.exec(line) ?? [];
    return theirs && ours && !/^(TF Serving|---)/.test(theirs) ? [[theirs, ours] as const] : [];
  });

it("has a row for each of TF Serving's tests", () => {
  expect(rows.length).toBeGreaterThan(100);
});

it.each(rows)("%s has a test here, or a reason for having none", (_, ours) => {
  if (ours.startsWith("none: ")) return;
  expect(tests).toContain(ours);
});
