/** What clients of REST must know of a model's name, a line for the log; undefined if nothing. */
export function restNameWarning(name: string): string | undefined {
  if (!/[/:]/.test(name)) return undefined;
  const escaped = name.replaceAll("/", "%2F").replaceAll(":", "%3A");
  return `model ${name}: REST paths cannot have / or : in a name; use /v1/models/${escaped}, or gRPC`;
}
