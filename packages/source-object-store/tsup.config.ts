import { defineConfig } from "tsup";
import root from "../../tsup.config.js";

export default defineConfig({ ...root, entry: { index: "src/index.ts", s3: "src/s3/index.ts" } });
