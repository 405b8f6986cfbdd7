import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * Returns whether the `Host` of a request is allowed. On a loopback address, it must be absent, an address,
 * `localhost` or one of `allowed`: a web page can let its own name resolve to a loopback address, and could then read
 * the responses.
 */
export function isAllowedHost(
  { socket, headers: { host } }: IncomingMessage,
  allowed: readonly string[],
): boolean {
  if (host === undefined || !isLoopback(socket.localAddress)) return true;
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
