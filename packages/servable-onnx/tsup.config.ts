import { defineConfig } from "tsup";
import { inlining } from "../../tsup.config.js";

// The canary process imports the second entry. The reader of protobuf is a small part of its package.
export default defineConfig({
  ...inlining("@serving-kit/tensorflow-wire"),
  entry: ["src/index.ts", "src/canary.ts"],
});
