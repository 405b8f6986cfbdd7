import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readManifest, root } from "./workspace.mjs";

// The software bill of materials of the packed packages: CycloneDX 1.6 in JSON, from the lockfile.

/** The part of `pnpm-lock.yaml` that is read. */
interface Lockfile {
  readonly importers: Readonly<Record<string, LockedDependencies>>;
  readonly packages: Readonly<
    Record<string, { readonly resolution?: { readonly integrity?: string } }>
  >;
  readonly snapshots: Readonly<Record<string, LockedDependencies>>;
}

interface LockedDependencies {
  readonly dependencies?: Readonly<Record<string, Locked>>;
  readonly optionalDependencies?: Readonly<Record<string, Locked>>;
}

type Locked = string | { readonly version: string };

const { parse }: { parse(text: string): Lockfile } = createRequire(
  join(root, "packages/server/package.json"),
)("yaml");

/** A package, in the terms of CycloneDX. */
interface Component {
  readonly type: "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license: { readonly id: string } }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

const purl = (name: string, version: string) =>
  `pkg:npm/${name.startsWith("@") ? `%40${name.slice(1)}` : name}@${version}`;

/** `sha512-<base64>` as a CycloneDX hash. */
function hashOf(integrity = ""): Pick<Component, "hashes"> {
  const [, algorithm, base64] = /^(sha\d+)-(.+)$/.exec(integrity) ?? [];
  if (algorithm === undefined || base64 === undefined) return {};
  const content = Buffer.from(base64, "base64").toString("hex");
  return { hashes: [{ alg: algorithm.toUpperCase().replace("SHA", "SHA-"), content }] };
}

/** The dependencies that an installation has: name and locked version. */
const dependenciesOf = ({ dependencies, optionalDependencies }: LockedDependencies = {}) =>
  Object.entries({ ...dependencies, ...optionalDependencies }).map(
    ([name, locked]) => [name, typeof locked === "string" ? locked : locked.version] as const,
  );

/** `name@version(peers)` without the peers. */
const withoutPeers = (key: string) => key.replace(/\(.*$/, "");

const libraryOf = (name: string, version: string): Component => {
  const ref = purl(name, version);
  return { type: "library", "bom-ref": ref, name, version, purl: ref };
};

/** Collects packages of the workspace, and all that an installation of them brings. */
class Bill {
  readonly components = new Map<string, Component>();
  /** The references of the packages that each package needs. */
  readonly graph = new Map<string, readonly string[]>();
  readonly #lockfile: Lockfile;

  constructor(lockfile: Lockfile) {
    this.#lockfile = lockfile;
  }

  /** Adds an installed package and those that it needs; returns its reference. */
  #add(key: string): string {
    const id = withoutPeers(key);
    const at = id.lastIndexOf("@");
    const component = libraryOf(id.slice(0, at), id.slice(at + 1));
    if (this.components.has(component.purl)) return component.purl;
    const { packages, snapshots } = this.#lockfile;
    this.components.set(component.purl, {
      ...component,
      ...hashOf(packages[id]?.resolution?.integrity),
    });
    const children = dependenciesOf(snapshots[key]);
    this.graph.set(
      component.purl,
      children.map(([child, locked]) => this.#add(`${child}@${locked}`)),
    );
    return component.purl;
  }

  /** Adds a package of the workspace and those that it needs; returns its reference. */
  addOwn(folder: string): string {
    const { name, version, license } = readManifest(folder);
    const component = libraryOf(name, version);
    if (this.components.has(component.purl)) return component.purl;
    this.components.set(component.purl, {
      ...component,
      ...(license && { licenses: [{ license: { id: license } }] }),
    });
    const children = dependenciesOf(this.#lockfile.importers[folder]).map(([child, locked]) =>
      locked.startsWith("link:")
        ? this.addOwn(join(folder, locked.slice("link:".length)))
        : this.#add(`${child}@${locked}`),
    );
    this.graph.set(component.purl, children);
    return component.purl;
  }
}

/**
 * The bill of packages of the workspace and all that an installation of them brings.
 *
 * @param folders Such as `packages/core`.
 */
export function sbomOf(folders: readonly string[]) {
  const lockfile = parse(readFileSync(join(root, "pnpm-lock.yaml"), "utf8"));
  const bill = new Bill(lockfile);
  for (const folder of folders) bill.addOwn(folder);
  const { name, version } = readManifest("packages/serving-kit");
  const sorted = [...bill.components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 },
    metadata: {
      component: { type: "application", "bom-ref": "packed", name, version },
    },
    components: sorted,
    dependencies: sorted.map(({ purl: ref }) => ({
      ref,
      dependsOn: [...new Set(bill.graph.get(ref))].sort(),
    })),
  };
}
