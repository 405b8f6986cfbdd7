/**
 * The Node flags with which TypeScript runs from source: `node ...sourceFlags file.ts`. Packages of
 * the workspace are found by their `@serving-kit/source` condition, so nothing has to be built.
 */
export const sourceFlags = ["--conditions=@serving-kit/source", "--import", "tsx"];

/**
 * The Node flags with which a program in TypeScript runs on the built packages, as JavaScript does.
 */
export const plainFlags = [`--import=${new URL("./plain-typescript.mjs", import.meta.url).href}`];
