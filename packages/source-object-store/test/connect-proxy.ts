import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";

/** A proxy that opens tunnels, as companies have them. */
export class ConnectProxy implements AsyncDisposable {
  /** The targets of the tunnels, each with the credentials that were given for it. */
  readonly asked: string[] = [];
  readonly #server = createServer();

  /** Starts a proxy on a free port. */
  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    proxy.#server.on("connect", (request, client) => proxy.#tunnel(request, client as Socket));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #tunnel({ url = "", headers }: IncomingMessage, client: Socket): void {
    this.asked.push(`${url} ${headers["proxy-authorization"]}`);
    const [host, port] = url.split(":");
    const upstream = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) {
      socket.on("error", () => {
        upstream.destroy();
        client.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
