import type { Runner } from "../src/index.js";

/** A test that a suite registered. */
export interface CollectedTest {
  readonly title: string;
  readonly isSkipped: boolean;
  readonly body: () => Promise<void>;
}

/** The tests that a suite registers, not run. */
export function collect(register: (runner: Runner) => void): CollectedTest[] {
  const tests: CollectedTest[] = [];
  const it = (title: string, body: () => Promise<void>) =>
    tests.push({ title, body, isSkipped: false });
  it.skip = (title: string, body: () => Promise<void>) =>
    tests.push({ title, body, isSkipped: true });
  register({ describe: (_, body) => body(), it });
  return tests;
}

/** Runs a suite and gives the failures: the first word of the title of each, with the error. */
export async function failuresOf(
  register: (runner: Runner) => void,
): Promise<Map<string, readonly unknown[]>> {
  const failures = new Map<string, unknown[]>();
  for (const { title, isSkipped, body } of collect(register)) {
    if (isSkipped) continue;
    try {
      await body();
    } catch (error) {
      const [clause = title] = title.split(" ");
      failures.set(clause, [...(failures.get(clause) ?? []), error]);
    }
  }
  return failures;
}
