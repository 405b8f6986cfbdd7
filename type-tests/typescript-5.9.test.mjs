import { classicCompiler } from "./classic-compiler.mjs";
import { programTests } from "./program-tests.mjs";

programTests(classicCompiler("5.9"));
