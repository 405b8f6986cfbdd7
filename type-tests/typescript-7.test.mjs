import { nativeCompiler } from "./native-compiler.mjs";
import { programTests } from "./program-tests.mjs";

programTests(nativeCompiler());
