import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** The folder of the programs, with their tsconfig.json. */
export const programs = join(import.meta.dirname, "programs");

/** The settings of users' projects, beside `strict`. */
export const settings = [false, true].flatMap((exactOptionalPropertyTypes) =>
  [false, true].map((noUncheckedIndexedAccess) => ({
    exactOptionalPropertyTypes,
    noUncheckedIndexedAccess,
  })),
);

/**
 * Loads a version with the classic API.
 *
 * @param {string} version such as `5.9`
 */
export const loadClassic = (version) => require(`typescript-${version}`);

/** The program `tsc` of TypeScript 7. */
export const tsc7 = join(dirname(require.resolve("typescript-7/package.json")), "bin/tsc");

/**
 * A version of TypeScript that looks at the programs.
 *
 * @typedef {{ file: string, line: number, start: number, text: string }} Diagnostic line from 0, start an offset
 * @typedef {object} Compiler
 * @property {(settings: object) => Promise<readonly Diagnostic[]>} diagnose all errors of the programs
 * @property {(file: string, offset: number) => Promise<string>} hover the first part of a hover: the type
 * @property {(file: string, offset: number) => Promise<readonly string[]>} complete the names that are offered
 * @property {() => Promise<void>} close
 */
