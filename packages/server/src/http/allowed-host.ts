import { isIP } from "node:net";

/**
 * Returns whether the `Host` of a request to a local address is allowed. On a loopback address, it must be absent, an address,
 * `localhost` or one of `allowed`: a web page can let its own name resolve to a loopback address, and could then read
 * the responses.
 */
export function isAllowedHost(
  host: string | undefined,
  localAddress: string | undefined,
  allowed: readonly string[],
): boolean {
  if (host === undefined || !isLoopback(localAddress)) return true;
  const name = nameOf(host);
  if (name === "" || name === "localhost" || isIP(name) !== 0) return true;
  return allowed.some((one) => one === "*" || one.toLowerCase() === name);
}

const isLoopback = (address = "") => address === "::1" || /^(::ffff:)?127\./.test(address);

/** Returns the name of a `Host` in lower case, without port and brackets. */
function nameOf(host: string): string {
  const [, bracketed, bare] = /^(?:\[(.*)\]|([^:]*))(?::\d*)?$/s.exec(host.trim()) ?? [];
  return (bracketed ?? bare ?? host).toLowerCase();
}
