import { classicCompiler } from "./classic-compiler.mjs";
import { settings } from "./compilers.mjs";
import { programTests } from "./program-tests.mjs";

programTests(classicCompiler("5.4"), [settings[0], settings[3]]);
