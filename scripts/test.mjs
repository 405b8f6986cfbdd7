import { describeError } from "./describe-error.mjs";
import { launch } from "./launch.mjs";

// `npm test [-- STEP …]`: run-steps.ts. What fails before it could run, such as the installation, is a failed test.
try {
  await launch(`${import.meta.dirname}/run-steps.ts`);
} catch (error) {
  process.stdout.write(`${describeError(error)}\n0 passed, 1 failed, 0 skipped\n`);
  process.exitCode = 1;
}
