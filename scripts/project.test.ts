import { describe, expect, it } from "vitest";
import { isPlaceholder, publishedFolders, withProjectFields } from "./project.js";
import { run } from "./run.mjs";
import { readManifest, root } from "./workspace.mjs";

describe("project.json", () => {
  it.each(publishedFolders())(
    "determines the address of %s (`npm run project:sync` writes it)",
    (folder) => {
      const manifest = readManifest(folder);
      expect(manifest).toEqual(withProjectFields(folder, manifest));
    },
  );

  it("keeps packages with a placeholder from being published", async () => {
    const args = ["--import", "tsx", "../../scripts/refuse-placeholder.ts"];
    const cwd = `${root}/packages/core`;
    const { code, output } = await run(process.execPath, args, { cwd });
    const isRefused = isPlaceholder();
    expect(code).toBe(isRefused ? 1 : 0);
    if (isRefused) expect(output).toContain("npm run project:sync");
  });
});
