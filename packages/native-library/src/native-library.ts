import { realpathSync } from "node:fs";
import { messageOf } from "@serving-kit/core";
import type { LibraryHandle, TypeObject } from "koffi";
import { type Attempt, errors } from "./errors.js";
import { loadKoffi } from "./koffi.js";
import type { LibraryCandidate } from "./library-candidate.js";
import type { NativeDeclaration, NativeFunction, NativeType } from "./native-function.js";
import { nativeRuns } from "./native-runs.js";
import { pinLibrary } from "./pin-library.js";
import { isVersionWithin, type VersionRange } from "./version-range.js";

/** Requirements of a package of servables for a library. */
export interface LibraryRequirements {
  /** The library in words, such as `TensorFlow Lite`. One process opens one library of a name. */
  readonly name: string;
  /** Where to look, in order. */
  readonly candidates: readonly LibraryCandidate[];
  /**
   * The versions that will do, and where the version is from: the C function `const char *f(void)` of a symbol, or
   * what `read` returns of the library's functions.
   */
  readonly version: VersionRange & ({ readonly symbol: string } | VersionReader);
  /** The functions that must be there. */
  readonly symbols: readonly string[];
  /** Libraries to open first, given the path of the main one. Symbols are looked for in all. */
  companions?(path: string): readonly string[];
  /** Whether libraries opened later may use its symbols (RTLD_GLOBAL). Default false. */
  readonly isGlobal?: boolean;
  /** The remedy for a user if there is none, as the end of a sentence. */
  readonly remedy: string;
}

/** Reads the version of a library that has no function for it by itself. */
export interface VersionReader {
  /** @throws if the library is another one than expected. */
  read(functions: NativeLibrary["functions"]): string;
}

/** koffi's calls run on stacks of its own; 128 KiB off the loop is less than what Eigen may take. */
const STACK_BYTES = 8 * 2 ** 20;

/** A C library that is open in this process. It is never closed: see `pinLibrary`. */
export class NativeLibrary {
  readonly name: string;
  readonly path: string;
  /** The place where it was found, in words. */
  readonly origin: string;
  readonly version: string;
  /** The places that come before `origin`, and why the library is not from there. */
  readonly attempts: readonly Attempt[];
  readonly #handles: readonly LibraryHandle[];

  /** For `openLibrary`. */
  constructor(
    facts: Pick<NativeLibrary, "name" | "path" | "origin" | "version" | "attempts">,
    handles: readonly LibraryHandle[],
  ) {
    this.name = facts.name;
    this.path = facts.path;
    this.origin = facts.origin;
    this.version = facts.version;
    this.attempts = facts.attempts;
    this.#handles = handles;
  }

  /** Tells whether the library exports a symbol. */
  has(symbol: string): boolean {
    return this.#handles.some((handle) => exports(handle, symbol));
  }

  /**
   * Declares functions, each at its first use: a library may lack functions that are never called. The names are
   * the caller's own. Worker threads declare their own.
   */
  functions<K extends string>(
    declarations: Readonly<Record<K, NativeDeclaration>>,
  ): Readonly<Record<K, NativeFunction>> {
    const functions = {} as Record<K, NativeFunction>;
    for (const name of Object.keys(declarations) as K[]) {
      Object.defineProperty(functions, name, {
        configurable: true,
        enumerable: true,
        get: () => {
          const value = this.#declare(declarations[name]);
          Object.defineProperty(functions, name, { value, enumerable: true });
          return value;
        },
      });
    }
    return functions;
  }

  #declare([symbol, result, ...args]: NativeDeclaration): NativeFunction {
    const handle = this.#handles.find((handle) => exports(handle, symbol));
    if (handle === undefined) {
      throw errors.libraryIncompatible(this.name, this.path, `it does not export ${symbol}`);
    }
    return handle.func(symbol, koffiType(result), args.map(koffiType)) as NativeFunction;
  }
}

const opened = new Map<string, Promise<NativeLibrary>>();

/**
 * Finds, opens and checks a library, once in each thread: later calls of the same name share it.
 *
 * @throws ServingError FAILED_PRECONDITION: NATIVE_LIBRARY_MISSING with everything that was tried,
 * NATIVE_LIBRARY_INCOMPATIBLE for the wrong version or a symbol that is not there,
 * NATIVE_LIBRARY_CONFLICT when a path is asked for and another one is open, KOFFI_MISSING where no library
 * can be called. A failure is not kept: the next call looks again.
 */
export async function openLibrary(requirements: LibraryRequirements): Promise<NativeLibrary> {
  const { name, candidates } = requirements;
  const open = opened.get(name);
  if (open !== undefined) return checkSame(await open, candidates);
  const opening = findAndOpen(requirements);
  opened.set(name, opening);
  opening.catch(() => opened.delete(name));
  return opening;
}

async function checkSame(
  library: NativeLibrary,
  candidates: readonly LibraryCandidate[],
): Promise<NativeLibrary> {
  const explicit = candidates.find(({ isExplicit }) => isExplicit);
  const located = await explicit?.locate();
  if (located === undefined || !("path" in located)) return library;
  if (realPath(located.path) === realPath(library.path)) return library;
  throw errors.libraryConflict(library.name, library.path, located.path);
}

async function findAndOpen(requirements: LibraryRequirements): Promise<NativeLibrary> {
  loadKoffi();
  const attempts: Attempt[] = [];
  for (const candidate of requirements.candidates) {
    const { origin, isExplicit } = candidate;
    const located = await candidate.locate();
    if ("missing" in located) {
      attempts.push({ origin, outcome: located.missing });
      continue;
    }
    try {
      return await open(requirements, { path: located.path, origin, attempts });
    } catch (error) {
      attempts.push({ origin, outcome: messageOf(error) });
      if (isExplicit) break;
    }
  }
  throw errors.libraryMissing(requirements.name, attempts, requirements.remedy);
}

async function open(
  { name, version, symbols, companions, isGlobal = false }: LibraryRequirements,
  place: Pick<NativeLibrary, "path" | "origin" | "attempts">,
): Promise<NativeLibrary> {
  const { path } = place;
  enlargeStacks();
  const handles: LibraryHandle[] = [];
  for (const file of [...(companions?.(path) ?? []), path]) {
    await pinLibrary(file, isGlobal);
    handles.push(load(file, isGlobal));
  }
  const needed = "symbol" in version ? [version.symbol, ...symbols] : symbols;
  const missing = needed.filter((symbol) => !handles.some((handle) => exports(handle, symbol)));
  if (missing.length > 0) {
    throw errors.libraryIncompatible(name, path, `it does not export ${missing.join(", ")}`);
  }
  const unversioned = new NativeLibrary({ name, version: "", ...place }, handles);
  const actual = versionOf(unversioned, version);
  if (!isVersionWithin(actual, version)) {
    const below = version.below === undefined ? "" : ` and below ${version.below}`;
    const expected = `expected at least ${version.atLeast}${below}`;
    throw errors.libraryIncompatible(name, path, `its version is ${actual}; ${expected}`);
  }
  return new NativeLibrary({ name, version: actual, ...place }, handles);
}

function versionOf(library: NativeLibrary, version: LibraryRequirements["version"]): string {
  if ("read" in version) return version.read((declarations) => library.functions(declarations));
  const { tell } = library.functions({ tell: [version.symbol, "str"] });
  return String(tell());
}

/** The message of koffi leaves the path out. */
function load(path: string, isGlobal: boolean): LibraryHandle {
  try {
    return loadKoffi().load(path, { global: isGlobal });
  } catch (error) {
    throw new Error(`${path} does not open: ${messageOf(error)}`, { cause: error });
  }
}

function koffiType(type: NativeType): string | TypeObject {
  return typeof type === "object" && "struct" in type ? loadKoffi().struct(type.struct) : type;
}

/** Beyond these koffi allocates a stack for each call on the pool, which costs 10 µs. It has 8, and takes at most 32. */
const residentPools = (runs: number) => Math.min(Math.max(runs, 8), 32);

function enlargeStacks(): void {
  const koffi = loadKoffi();
  try {
    koffi.config({
      sync_stack_size: STACK_BYTES,
      async_stack_size: STACK_BYTES,
      resident_async_pools: residentPools(nativeRuns.limit),
    });
  } catch {
    // Another user of koffi has loaded a library in this thread: its sizes stay in force.
  }
}

function exports(handle: LibraryHandle, symbol: string): boolean {
  try {
    return handle.symbol(symbol) !== null;
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
