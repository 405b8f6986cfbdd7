import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apiReports, folder } from "./api-report.js";
import { undeclaredImports } from "./declarations.js";
import { root } from "./workspace.mjs";

// A failure shows a change of a public type. If it is meant, `-u` writes the report, and the pull request shows it.
const reports = await apiReports();

describe("the public API", () => {
  it.each(reports)("of $name is that of its report", async ({ name, text }) => {
    await expect(text).toMatchFileSnapshot(join(root, "api", `${name}.md`));
  });

  it("imports only packages that each package depends on", () => {
    expect(undeclaredImports(folder)).toEqual([]);
  });
});
