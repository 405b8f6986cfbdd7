import { messageOf, type SourceProvider } from "@serving-kit/core";
import { errors } from "../errors.js";
import { definedModels } from "./defined-models.js";

/** URI schemes whose provider is in a package that is not installed. */
export interface MissingSource {
  /** In lower case, such as `s3`. */
  readonly schemes: readonly string[];
  /** The command that installs the package. */
  readonly install: string;
}

/** The scheme of base paths that are not URIs. */
const FILE = "file";

/**
 * The providers of a server by URI scheme. If several providers have the same scheme, the first is used. Paths use the
 * provider of `file`.
 */
export class SourceProviders {
  readonly #providers = new Map<string, SourceProvider>();
  readonly #missing = new Map<string, string>();

  constructor(sources: readonly (SourceProvider | MissingSource)[] = []) {
    for (const source of [definedModels, ...sources]) {
      for (const scheme of source.schemes) {
        if ("install" in source) this.#missing.set(scheme, source.install);
        else if (!this.#providers.has(scheme)) this.#providers.set(scheme, source);
      }
    }
  }

  /** The provider for a base path that `resolve` returned. */
  of(basePath: string): SourceProvider {
    return this.#providers.get(schemeOf(basePath)) as SourceProvider;
  }

  /**
   * Checks a base path at `place` in the configuration, and makes it absolute.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID. The message has the known schemes, the command that
   * installs the missing provider, or what the provider expects.
   */
  resolve(basePath: string, place: string): string {
    const scheme = schemeOf(basePath);
    const provider = this.#providers.get(scheme);
    if (provider === undefined) throw this.#unknown(basePath, place, scheme);
    try {
      const resolved = provider.resolve?.(basePath) ?? basePath;
      // The resolved path selects the provider of its files, so it must not belong to another provider.
      if (this.#providers.get(schemeOf(resolved)) === provider) return resolved;
      throw new TypeError(`the provider of "${scheme}" returned ${resolved}, which is not its own`);
    } catch (error) {
      throw errors.configInvalid(`${place}: ${messageOf(error)}`);
    }
  }

  #unknown(basePath: string, place: string, scheme: string): Error {
    const install = this.#missing.get(scheme);
    const got = JSON.stringify(basePath.slice(0, 100));
    const remedy = install ? `${install} adds ${scheme}` : remedyOf(scheme);
    return errors.configInvalid(`${place}: expected ${this.#expected()} (${remedy}); got ${got}`);
  }

  #expected(): string {
    const hidden = [FILE, ...definedModels.schemes];
    const schemes = [...this.#providers.keys()].filter((name) => !hidden.includes(name));
    const path = this.#providers.has(FILE) ? ["a path of this machine"] : [];
    const uri = schemes.length > 0 ? [`a URI with the scheme ${schemes.join(" or ")}`] : [];
    return [...path, ...uri].join(", or ") || "a base path of one of the sourceProviders";
  }
}

const remedyOf = (scheme: string) =>
  scheme === FILE
    ? "sourceProviders: [filesystemProvider()] of @serving-kit/source-filesystem adds paths"
    : "mount a bucket, or copy its models here";

/** Returns whether a base path is a URI outside the file system. */
export function isUri(basePath: string): boolean {
  return schemeOf(basePath) !== FILE;
}

/**
 * A URI with a single slash counts too: `join` turns `s3://bucket` into `s3:/bucket`, which is never meant as a folder.
 */
function schemeOf(basePath: string): string {
  const [, scheme = FILE] = /^([a-z][a-z0-9+.-]+):\//i.exec(basePath) ?? [];
  return scheme.toLowerCase();
}
