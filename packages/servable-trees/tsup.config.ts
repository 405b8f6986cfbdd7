import { defineConfig } from "tsup";
import root from "../../tsup.config.js";

// A worker thread imports the second entry.
export default defineConfig({ ...root, entry: ["src/index.ts", "src/read-worker.ts"] });
