import type { GrpcListening, GrpcListenOptions } from "../grpc/grpc-listen-options.js";
import { type Listening, type ListenOptions, listeningAt } from "../http/http-listener.js";
import { claimAddress, type SharedAddress, type SharedListen } from "../listening/port-sharing.js";
import { checkSsl } from "../listening/ssl-config.js";
import type { Loop } from "./loop.js";
import type { Loops } from "./loops.js";

/** The ports that all loops listen on: the kernel distributes connections over the loops. */
export class SharedListeners {
  readonly #loops: Loops;
  readonly #share: (address: SharedAddress) => SharedListen;
  readonly #listeners = new Set<(loop: Loop) => Promise<unknown>>();

  constructor(loops: Loops, share: (address: SharedAddress) => SharedListen) {
    this.#loops = loops;
    this.#share = share;
  }

  /** Contract: `ModelServer.listen`, in every loop. */
  async listen(options: ListenOptions): Promise<Listening> {
    if (options.ssl) checkSsl(options.ssl); // before sockets are opened that would stay open
    const address = await claimAddress(options.port ?? 8501, options.host);
    await this.#listenEverywhere(({ channel }) =>
      channel.call("listen", { options, shared: this.#share(address) }),
    );
    return listeningAt(address, options);
  }

  /** Contract: `ModelServer.listenGrpc`, in every loop. */
  async listenGrpc(options: GrpcListenOptions): Promise<GrpcListening> {
    if (options.ssl) checkSsl(options.ssl);
    const address = await claimAddress(options.port ?? 8500, options.host);
    await this.#listenEverywhere(({ channel }) =>
      channel.call("listenGrpc", { options, shared: this.#share(address) }),
    );
    return { port: address.port };
  }

  /** Makes a loop that is otherwise ready listen on the same ports as the others. */
  async join(loop: Loop): Promise<void> {
    loop.isUp = true;
    await Promise.all([...this.#listeners].map((listen) => listen(loop)));
  }

  async #listenEverywhere(listen: (loop: Loop) => Promise<unknown>): Promise<void> {
    // A loop that is not up yet listens once it is: it finds this function among the listeners.
    const wanted = this.#loops.each(async (loop) => loop.isUp && listen(loop));
    this.#listeners.add(listen);
    try {
      await wanted;
    } catch (error) {
      this.#listeners.delete(listen); // otherwise no replacement loop could ever join
      throw error;
    }
  }
}
