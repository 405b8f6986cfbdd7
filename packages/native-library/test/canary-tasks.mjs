// The tasks that the canaries of canary.test.ts run.
/** @param {{ count: bigint }} argument */
export function succeed(argument) {
  if (argument.count !== 3n) throw new Error("the argument did not arrive");
}

export async function fail() {
  throw new Error("it does not work");
}

/** As a ServingError does. */
export async function refuse() {
  throw Object.assign(new Error("the file is broken"), {
    code: "DATA_LOSS",
    reason: "TEST_REASON",
  });
}

export function crash() {
  process.stderr.write("about to crash\n");
  process.abort();
}

export function exit() {
  process.exit(0);
}

export function hang() {
  for (;;);
}

export function warn() {
  process.stderr.write("a notice\n");
}
