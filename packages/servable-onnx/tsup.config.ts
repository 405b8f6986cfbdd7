import { defineConfig } from "tsup";
import root from "../../tsup.config.js";

// The canary process imports the second entry.
export default defineConfig({ ...root, entry: ["src/index.ts", "src/canary.ts"] });
