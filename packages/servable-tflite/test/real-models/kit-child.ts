import { readAnswers } from "./answers.js";
import { outcomeOf } from "./outcome-of.js";

// The child process of `askKit`: sends the outcome of one model.
process.once("message", async ({ path, answersPath }: { path: string; answersPath: string }) => {
  process.send?.(await outcomeOf(path, readAnswers(answersPath)));
  process.disconnect?.();
});
