import type { z } from "zod";
import { errors } from "../errors.js";
import { nearestName } from "./nearest-name.js";

/**
 * Checks a value against a schema.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the path of the first problem below `name`, the
 * expected value and the received value.
 */
export function check(schema: z.ZodType, value: unknown, name: string): void {
  const { error } = schema.safeParse(value);
  if (error) throw errors.configInvalid(describe(error, schema, value, name));
}

function describe({ issues }: z.ZodError, schema: z.ZodType, value: unknown, name: string): string {
  const issue = innermost((issues as [z.core.$ZodIssue])[0]);
  const path = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  const where = `${name}${path.join("")}`.replace(/^\./, "");
  if (issue.code === "unrecognized_keys") {
    const nearest = nearestName(issue.keys[0] ?? "", keysAt(schema, issue.path));
    const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    return `${where}${where && ": "}unknown option ${issue.keys.join(", ")}${hint}`;
  }
  let given = value;
  for (const key of issue.path) given = (given as Record<PropertyKey, unknown> | undefined)?.[key];
  const shown = issue.path.includes(SECRET) && typeof given === "string" ? "a string" : show(given);
  return `${where || "options"}: expected ${expectation(issue)}; got ${shown}`;
}

/** The members of zod's schemas that lead to the known options of an object. */
interface SchemaNode {
  readonly shape?: Readonly<Record<string, SchemaNode>>;
  readonly element?: SchemaNode;
  readonly options?: readonly SchemaNode[];
  readonly def?: { readonly innerType?: SchemaNode };
}

/** Returns the known options of the object at a path; empty if it is not an object. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let node = bare(schema as SchemaNode);
  for (const key of path) {
    node = bare(typeof key === "number" ? node?.element : node?.shape?.[String(key)]);
  }
  return Object.keys(node?.shape ?? {});
}

/** Returns a schema without optional wrappers; for a union, its object schema. */
function bare(node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.def?.innerType) return bare(node.def.innerType);
  return node?.options?.map(bare).find((option) => option?.shape) ?? node;
}

/** Options of a module may contain a password, so messages never show their strings. */
const SECRET = "custom_model_config";

/** Returns the best match among the alternatives of a union: the one with the fewest and deepest problems. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const depth = ({ path, code }: z.core.$ZodIssue) =>
    path.length + (code === "unrecognized_keys" ? 0.5 : 0);
  const [best] = issue.errors
    .slice()
    .sort((a, b) => a.length - b.length)
    .flatMap((alternative) => alternative.slice(0, 1).map(innermost))
    .sort((a, b) => depth(b) - depth(a));
  if (!best || depth(best) === 0) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected;
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(", ");
    case "too_small":
      return `at least ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 100));
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
