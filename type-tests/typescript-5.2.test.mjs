import { expect, it } from "vitest";
import { classicCompiler } from "./classic-compiler.mjs";
import { settings } from "./compilers.mjs";
import { programTests } from "./program-tests.mjs";

const compiler = classicCompiler("5.2");
programTests(compiler, [settings[0], settings[3]]);

it("takes the declarations of the kit, which skipLibCheck hides from most users", async () => {
  expect(await compiler.diagnoseDeclarations()).toEqual([]);
});
