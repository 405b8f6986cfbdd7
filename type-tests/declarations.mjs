import { join } from "node:path";
import { writeDeclarations } from "../scripts/declarations.ts";
import { root } from "../scripts/workspace.mjs";

/** Writes the declarations of the kit, where `programs/tsconfig.json` finds them. A setup of vitest. */
export default () => writeDeclarations(join(root, "node_modules/.type-tests"), { comments: false });
