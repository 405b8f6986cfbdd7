import { describe, expect, it } from "vitest";
import { publishedFolders, withProjectFields } from "./project.mjs";
import { run } from "./run.mjs";
import { readJson, root } from "./workspace.mjs";

describe("project.json", () => {
  it.each(publishedFolders())(
    "determines the address of %s (`npm run project:sync` writes it)",
    (folder) => {
      const manifest = readJson(`${folder}/package.json`);
      expect(manifest).toEqual(withProjectFields(folder, manifest));
    },
  );

  it("keeps packages with a placeholder from being published", async () => {
    const { code, output } = await run(process.execPath, ["../../scripts/refuse-placeholder.mjs"], {
      cwd: `${root}/packages/core`,
    });
    const isRefused = readJson("project.json").repository.includes("/OWNER/");
    expect(code).toBe(isRefused ? 1 : 0);
    if (isRefused) expect(output).toContain("npm run project:sync");
  });
});
