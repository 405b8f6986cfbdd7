import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  isProgram,
  type Manifest,
  publishedPackages,
  readJson,
  readManifest,
  root,
} from "./workspace.mjs";

// `npm run project:sync`: writes the fields of `project.json` into the package.json of every published package.

/** The content of `project.json`. */
export interface Project {
  readonly repository: string;
  readonly keywords: readonly string[];
}

/** Reads `project.json`. */
export const readProject = () => readJson<Project>("project.json");

/** The segment of the repository's address in place of its owner, until the repository is public. */
const PLACEHOLDER = "/OWNER/";

/** Returns whether `project.json` still has the placeholder: packages must not be published then. */
export const isPlaceholder = () => readProject().repository.includes(PLACEHOLDER);

/** The sentence that tells a maintainer what to fill in. */
export const placeholderMessage =
  "project.json: `repository` still has the placeholder OWNER; write the address of the repository, and run " +
  "`npm run project:sync`";

/**
 * Returns the fields that `project.json` determines in the package.json at `folder`. Keywords of the package itself
 * follow the shared ones.
 */
function projectFields(folder: string, manifest: Manifest) {
  const { repository, keywords } = readProject();
  const own = (manifest.keywords ?? []).filter((keyword) => !keywords.includes(keyword));
  return {
    keywords: [...keywords, ...own],
    homepage: `${repository}/tree/main/${folder}#readme`,
    bugs: `${repository}/issues`,
    repository: { type: "git", url: `git+${repository}.git`, directory: folder },
  };
}

/** All folders with a package.json that is published: packages, and platform packages below `npm`. */
export function publishedFolders(): string[] {
  return publishedPackages().flatMap(({ folder }) => {
    const platforms = readdirSync(join(root, folder), { withFileTypes: true }).some(
      (entry) => entry.name === "npm" && entry.isDirectory(),
    )
      ? readdirSync(join(root, folder, "npm"), { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => `${folder}/npm/${name}`)
      : [];
    return [folder, ...platforms];
  });
}

/** Returns `manifest` with its project fields after `license`, and with the script that refuses the placeholder. */
export function withProjectFields(folder: string, manifest: Manifest): Record<string, unknown> {
  const fields = projectFields(folder, manifest);
  const depth = folder.split("/").length;
  const prepublishOnly = `node --import tsx ${"../".repeat(depth)}scripts/refuse-placeholder.ts`;
  const entries = Object.entries(manifest).filter(([key]) => !(key in fields));
  const at = 1 + entries.findIndex(([key]) => key === "license");
  const ordered = [...entries.slice(0, at), ...Object.entries(fields), ...entries.slice(at)];
  return { ...Object.fromEntries(ordered), scripts: { ...manifest.scripts, prepublishOnly } };
}

if (isProgram(import.meta.url)) {
  for (const folder of publishedFolders()) {
    const path = `${folder}/package.json`;
    const manifest = withProjectFields(folder, readManifest(folder));
    writeFileSync(join(root, path), `${JSON.stringify(manifest, null, 2)}\n`);
  }
}
