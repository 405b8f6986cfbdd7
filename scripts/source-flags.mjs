/**
 * The Node flags with which TypeScript runs from source: `node ...sourceFlags file.ts`. Packages of
 * the workspace are found by their `@serving-kit/source` condition, so nothing has to be built.
 */
export const sourceFlags = ["--conditions=@serving-kit/source", "--import", "tsx"];
