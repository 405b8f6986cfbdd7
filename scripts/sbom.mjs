import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readJson, root } from "./workspace.mjs";

// The software bill of materials of the packed packages: CycloneDX 1.6 in JSON, from the lockfile.

const { parse } = createRequire(join(root, "packages/server/package.json"))("yaml");

const purl = (name, version) =>
  `pkg:npm/${name.startsWith("@") ? `%40${name.slice(1)}` : name}@${version}`;

/** `sha512-<base64>` as a CycloneDX hash. */
function hashOf(integrity) {
  const [, algorithm, base64] = /^(sha\d+)-(.+)$/.exec(integrity ?? "") ?? [];
  if (algorithm === undefined) return {};
  const content = Buffer.from(base64, "base64").toString("hex");
  return { hashes: [{ alg: algorithm.toUpperCase().replace("SHA", "SHA-"), content }] };
}

/** The dependencies that an installation has: name and locked version. */
const dependenciesOf = ({ dependencies = {}, optionalDependencies = {} } = {}) =>
  Object.entries({ ...dependencies, ...optionalDependencies }).map(([name, locked]) => [
    name,
    typeof locked === "string" ? locked : locked.version,
  ]);

/** `name@version(peers)` without the peers. */
const withoutPeers = (key) => key.replace(/\(.*$/, "");

/**
 * The bill of packages of the workspace and all that an installation of them brings.
 *
 * @param {readonly string[]} folders such as `packages/core`.
 * @param {string} lockfile the text of `pnpm-lock.yaml`.
 */
export function sbomOf(folders, lockfile = readFileSync(join(root, "pnpm-lock.yaml"), "utf8")) {
  const { importers, packages, snapshots } = parse(lockfile);
  const components = new Map();
  const graph = new Map();

  /** Adds an installed package and what it needs; returns its reference. */
  function add(key) {
    const id = withoutPeers(key);
    const at = id.lastIndexOf("@");
    const [name, version] = [id.slice(0, at), id.slice(at + 1)];
    const ref = purl(name, version);
    if (components.has(ref)) return ref;
    const { integrity } = packages[id]?.resolution ?? {};
    components.set(ref, {
      ...{ type: "library", "bom-ref": ref, name, version, purl: ref },
      ...hashOf(integrity),
    });
    graph.set(
      ref,
      dependenciesOf(snapshots[key]).map(([child, locked]) => add(`${child}@${locked}`)),
    );
    return ref;
  }

  const refOf = (folder) => {
    const { name, version } = readJson(`${folder}/package.json`);
    return purl(name, version);
  };
  const resolveLink = (folder, link) => join(folder, link.slice("link:".length));

  /** Adds a package of the workspace; returns its reference. */
  function addOwn(folder) {
    const { name, version, license } = readJson(`${folder}/package.json`);
    const ref = refOf(folder);
    if (components.has(ref)) return ref;
    components.set(ref, {
      ...{ type: "library", "bom-ref": ref, name, version, purl: ref },
      ...(license && { licenses: [{ license: { id: license } }] }),
    });
    const children = dependenciesOf(importers[folder]).map(([child, locked]) =>
      locked.startsWith("link:") ? addOwn(resolveLink(folder, locked)) : add(`${child}@${locked}`),
    );
    graph.set(ref, children);
    return ref;
  }

  for (const folder of folders) addOwn(folder);
  const { name, version } = readJson("packages/serving-kit/package.json");
  const sorted = [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 },
    metadata: {
      component: { type: "application", "bom-ref": "packed", name, version },
    },
    components: sorted,
    dependencies: sorted.map(({ purl: ref }) => ({
      ref,
      dependsOn: [...new Set(graph.get(ref))].sort(),
    })),
  };
}
