import { realpathSync } from "node:fs";
import { messageOf } from "@serving-kit/core";
import type { LibraryHandle, TypeObject } from "koffi";
import { type Attempt, errors } from "./errors.js";
import { loadKoffi } from "./koffi.js";
import { registerLaneFunction } from "./lane-function.js";
import type { LibraryCandidate } from "./library-candidate.js";
import type { NativeDeclaration, NativeFunction, NativeType } from "./native-function.js";
import { nativeRuns } from "./native-runs.js";
import { pinLibrary } from "./pin-library.js";
import { STACK_BYTES } from "./stack-bytes.js";
import { isVersionWithin, type VersionRange } from "./version-range.js";

/** The library that a package of servables requires. */
export interface LibraryRequirements {
  /** The name of the library, such as `TensorFlow Lite`. A process opens one library per name. */
  readonly name: string;
  /** The places to search, in order. */
  readonly candidates: readonly LibraryCandidate[];
  /**
   * The supported versions, and the source of the version: the symbol of a C function `const char *f(void)`, or `read`,
   * which gets the library's functions.
   */
  readonly version: VersionRange & ({ readonly symbol: string } | VersionReader);
  /** The functions that the library must export. */
  readonly symbols: readonly string[];
  /** Returns the libraries to open first, from the path of the main library. Symbols are searched in all of them. */
  companions?(path: string): readonly string[];
  /** True if libraries that are opened later may use its symbols (RTLD_GLOBAL). Default false. */
  readonly isGlobal?: boolean;
  /** The remedy if there is no library, as the end of a sentence. */
  readonly remedy: string;
}

/** Reads the version of a library that has no version function. */
export interface VersionReader {
  /** @throws if the library is not the expected one. */
  read(functions: NativeLibrary["functions"]): string;
}

/** A C library that is open in this process. It is never closed: see `pinLibrary`. */
export class NativeLibrary {
  readonly name: string;
  readonly path: string;
  /** The place where the library was found, in words. */
  readonly origin: string;
  readonly version: string;
  /** The places before `origin`, and why the library is not from there. */
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

  /** Returns whether the library exports a symbol. */
  has(symbol: string): boolean {
    return this.#handles.some((handle) => exports(handle, symbol));
  }

  /** Returns the address of a symbol, such as a variable's; undefined if the library does not export it. */
  address(symbol: string): bigint | undefined {
    const handle = this.#handles.find((handle) => exports(handle, symbol));
    return handle?.symbol(symbol);
  }

  /**
   * Declares functions, each at its first use: a library may lack functions that are never called. The names are chosen
   * by the caller. Each worker thread makes its own declarations.
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
    const fn = handle.func(symbol, koffiType(result), args.map(koffiType)) as NativeFunction;
    registerLaneFunction(fn, handle.symbol(symbol), result, args);
    return fn;
  }
}

const opened = new Map<string, Promise<NativeLibrary>>();

/**
 * Finds, opens and checks a library, once per thread: later calls with the same name share it.
 *
 * @throws ServingError FAILED_PRECONDITION: NATIVE_LIBRARY_MISSING with all attempts, NATIVE_LIBRARY_INCOMPATIBLE for
 * an unsupported version or a missing symbol, NATIVE_LIBRARY_CONFLICT if a path is requested and another library is
 * open, KOFFI_MISSING if koffi is not installed. A failure is not cached: the next call searches again.
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

/** koffi's own message does not contain the path. */
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

/** koffi keeps 8 stacks for calls on the pool, at most 32. Beyond them it allocates one per call, which costs 10 µs. */
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
    // Another user of koffi has loaded a library in this thread, so its sizes remain in effect.
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
