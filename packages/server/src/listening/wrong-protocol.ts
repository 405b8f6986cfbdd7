import type { Clock, Logger } from "@serving-kit/core";

/** Minimum interval in ms between warnings about the same mistake. */
const INTERVAL_MS = 60_000;

/** Returns a function that logs the warning that `line` returns, at most once a minute. */
export function protocolWarning(
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  line: () => string,
): () => void {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    if (now < quietUntilMs) return;
    quietUntilMs = now + INTERVAL_MS;
    logger.warn({ reason: "WRONG_PROTOCOL" }, line());
  };
}

/** The transports that a port can speak. */
export type Transport = "REST" | "gRPC";

const CLIENTS = {
  REST: "a client speaks HTTP/2, as gRPC clients do",
  gRPC: "a client does not speak HTTP/2, so it may be a REST client",
};

/** Returns the log line about a client that speaks another protocol than the port. */
export function wrongProtocolLine(
  protocol: Transport,
  port: number | undefined,
  ports: Readonly<Partial<Record<Transport, number>>>,
  elsewhere?: string,
): string {
  const other = protocol === "REST" ? "gRPC" : "REST";
  const place =
    ports[other] === undefined
      ? `this server does not serve ${other} on a port`
      : `${other} is served at port ${ports[other]}`;
  const where = port === undefined ? "socket" : `port ${port}`;
  return `${protocol} ${where}: ${CLIENTS[protocol]}; ${elsewhere ?? place}`;
}

/** Returns whether an error of Node's HTTP server means that the client speaks HTTP/2. */
export function isHttp2Client({ code, rawPacket }: NodeJS.ErrnoException & { rawPacket?: Buffer }) {
  // TLS clients name their protocols in the handshake.
  if (code === "ERR_SSL_NO_APPLICATION_PROTOCOL") return true;
  return rawPacket?.toString("latin1", 0, 14) === "PRI * HTTP/2.0";
}
