import { exitTests } from "./exit-tests.js";

exitTests(new URL("./lanes-exits-child.ts", import.meta.url), {
  isTrouble: () => true,
  skipReason: process.platform === "win32" ? ": lanes call POSIX functions" : "",
});
