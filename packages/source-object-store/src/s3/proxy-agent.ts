import { readFileSync } from "node:fs";
import http, { type AgentOptions, type ClientRequestArgs } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { Environment } from "./s3-settings.js";

/** The agents that a client uses to connect. */
export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

type Connected = (error: Error | null, socket?: Duplex) => void;

const OPTIONS: AgentOptions = { keepAlive: true, maxSockets: 64 };

/** Timeout in ms for a proxy to open a tunnel. */
const TUNNEL_MS = 10_000;

/**
 * Makes the agents for an endpoint. They connect through the proxy of `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`,
 * unless `NO_PROXY` contains the host, and trust the authorities of `AWS_CA_BUNDLE` in addition to Node's own and
 * `NODE_EXTRA_CA_CERTS`.
 *
 * @throws the file system's error if `AWS_CA_BUNDLE` cannot be read; TypeError if the proxy is not a URL.
 */
export function agentsFor(endpoint: string, environment: Environment): Agents {
  const proxy = proxyOf(new URL(endpoint), environment);
  const bundle = environment.AWS_CA_BUNDLE;
  const ca = bundle ? { ca: [...tls.rootCertificates, readFileSync(bundle, "utf8")] } : {};
  if (proxy === undefined) {
    return {
      httpAgent: new http.Agent(OPTIONS),
      httpsAgent: new https.Agent({ ...OPTIONS, ...ca }),
    };
  }
  return {
    httpAgent: new TunnelAgent(proxy, OPTIONS),
    httpsAgent: new SecureTunnelAgent(proxy, { ...OPTIONS, ...ca }),
  };
}

/** Returns the proxy of a URL, if any. */
export function proxyOf(url: URL, environment: Environment): URL | undefined {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name];
  if (isExempt(url, read("NO_PROXY") ?? "")) return undefined;
  const scheme = url.protocol === "https:" ? "HTTPS" : "HTTP";
  const proxy = read(`${scheme}_PROXY`) || read("ALL_PROXY");
  if (!proxy) return undefined;
  const parsed = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed;
  throw new TypeError(`${scheme}_PROXY: expected a URL such as http://proxy.example:3128`);
}

function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const ownPort = port || (protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [, host = "", onlyPort] = /^\*?\.?(.+?)(?::(\d+))?$/.exec(entry) ?? [];
    if (host === "" || (onlyPort !== undefined && onlyPort !== ownPort)) return false;
    return hostname === host || hostname.endsWith(`.${host}`);
  });
}

/** Connects through a proxy tunnel, which `CONNECT` opens. */
class TunnelAgent extends http.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ClientRequestArgs, connected: Connected): undefined {
    openTunnel(this.#proxy, options, connected);
  }
}

/** The same for HTTPS: the proxy sees only the host name. */
class SecureTunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: https.RequestOptions, connected: Connected): undefined {
    openTunnel(this.#proxy, options, (error, socket) => {
      if (error || socket === undefined) return connected(error);
      const servername = options.servername || String(options.host);
      connected(null, tls.connect({ ...(options as tls.ConnectionOptions), socket, servername }));
    });
  }
}

function openTunnel(proxy: URL, { host, port }: ClientRequestArgs, connected: Connected): void {
  const { request } = proxy.protocol === "https:" ? https : http;
  const target = `${host}:${port}`;
  const user = decodeURIComponent(`${proxy.username}:${proxy.password}`);
  const headers = {
    host: target,
    ...(proxy.username && {
      "proxy-authorization": `Basic ${Buffer.from(user).toString("base64")}`,
    }),
  };
  const connecting = request({
    ...{ host: proxy.hostname.replace(/^\[|\]$/g, ""), port: proxy.port || undefined, headers },
    ...{ method: "CONNECT", path: target, agent: false, timeout: TUNNEL_MS },
  });
  connecting.once("connect", ({ statusCode }, socket) => {
    if (statusCode === 200) return connected(null, socket);
    socket.destroy();
    connected(
      new Error(`the proxy ${proxy.host} responded to CONNECT ${target} with ${statusCode}`),
    );
  });
  connecting.once("timeout", () =>
    connecting.destroy(new Error(`the proxy ${proxy.host} did not respond in time`)),
  );
  connecting.once("error", (error) => connected(error));
  connecting.end();
}
