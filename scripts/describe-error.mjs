/**
 * The text of an error that ends a script: a plain `Error` is a message for the user, any other is a bug and has a stack.
 *
 * @param {unknown} error
 */
export function describeError(error) {
  if (!(error instanceof Error)) return String(error);
  return error.constructor === Error ? error.message : `${error.stack}`;
}
