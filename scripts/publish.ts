import { build } from "./build.js";
import { pnpm } from "./npx.mjs";
import { fillPlatformPackages } from "./pack.js";
import { isPlaceholder, placeholderMessage } from "./project.js";
import { type Ran, runNode } from "./run.mjs";
import { publishedPackages } from "./workspace.mjs";

// `npm run release:publish`: builds all packages, publishes the versions that the registry does not have, and tags
// them. Run by .github/workflows/release.yml, which passes the identity for provenance.

async function must(what: string, ran: Promise<Ran>): Promise<void> {
  const { code, output } = await ran;
  process.stdout.write(output);
  if (code !== 0) throw new Error(`${what} failed with code ${code}`);
}

if (isPlaceholder()) throw new Error(placeholderMessage);
await fillPlatformPackages();
await build(publishedPackages().map(({ folder }) => folder));
await must("pnpm publish", pnpm(["-r", "--filter=./packages/**", "publish", "--access=public"]));
await must("changeset tag", runNode(["node_modules/@changesets/cli/bin.js", "tag"]));
