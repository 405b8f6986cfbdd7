import type { ModelType, Specs } from "@serving-kit/inference";

/** Options of `modelTypes`. */
export interface ModelTypesOptions {
  /** The path of the model in the command that regenerates the file, which the header shows. */
  readonly path: string;
  /** The name of the value, such as `digits`. See `identifierOf`. */
  readonly name: string;
  /** True if the file is JavaScript, with types in comments, instead of TypeScript. */
  readonly isJavaScript: boolean;
}

/**
 * Generates the source of a module that contains a model's signatures as one value, and in TypeScript as an
 * interface.
 */
export function modelTypes(
  { signatures }: ModelType,
  { path, name, isJavaScript }: ModelTypesOptions,
): string {
  const command = `serving-kit types ${path} -o ${name}.${isJavaScript ? "js" : "ts"}`;
  const head = `// Written by \`${inComment(command)}\`. Run it again when the model changes.\n`;
  const entries = Object.entries(signatures).map(
    ([key, { inputs, outputs }]) =>
      `  ${keyOf(key)}: {\n    inputs: ${specsOf(inputs)},\n    outputs: ${specsOf(outputs)},\n  },\n`,
  );
  const value = `{\n${entries.join("")}}`;
  if (isJavaScript) {
    return `${head}const signatures = /** @type {const} */ (${value});\n\nexport const ${name} = { signatures };\n`;
  }
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  return (
    `${head}const signatures = ${value} as const;\n\n` +
    `/** ${Object.entries(signatures).map(lineOf).join("; ")} */\n` +
    `export interface ${type} {\n  readonly signatures: typeof signatures;\n}\n\n` +
    `/** The same at run time: \`loadModel(path, { expects: ${name} })\`. */\n` +
    `export const ${name}: ${type} = { signatures };\n`
  );
}

/** Converts a string to a camel-case identifier: `my-model.tflite` becomes `myModelTflite`. */
export function identifierOf(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const [first = "model", ...rest] = words;
  const name = first[0]?.toLowerCase() + first.slice(1) + rest.map(capitalized).join("");
  return /^[0-9]/.test(name) || RESERVED.has(name) ? `model${capitalized(name)}` : name;
}

const RESERVED = new Set(
  "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return signatures static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
);

const capitalized = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`;

const keyOf = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

function specsOf(specs: Specs): string {
  const entries = Object.entries(specs).map(([name, { dtype, shape, isOptional }]) => {
    const optional = isOptional ? ", isOptional: true" : "";
    const extents = shape === null ? "null" : `[${shape.join(", ")}]`;
    return `${keyOf(name)}: { dtype: "${dtype}", shape: ${extents}${optional} }`;
  });
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function lineOf([key, { inputs, outputs }]: [string, { inputs: Specs; outputs: Specs }]): string {
  const list = (specs: Specs) =>
    Object.entries(specs)
      .map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape ? `[${shape}]` : "[…]"}`)
      .join(", ");
  return inComment(`${key}: ${list(inputs)} → ${list(outputs)}`);
}

/** Makes a string safe in a comment. Names come from files, and must not end the comment or start a new line. */
const inComment = (text: string) =>
  text.replaceAll("*/", "* /").replace(/[\r\n\u2028\u2029]/g, " ");
