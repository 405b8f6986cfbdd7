import { Server as NetServer } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { expect, it, vi } from "vitest";
import { acceptFor } from "./acceptor.js";

it("continues after a connection that the system could not hand over", async () => {
  const listen = vi.spyOn(NetServer.prototype, "listen");
  const shared = { host: "127.0.0.1", port: 0, reusePort: true } as const;
  const acceptor = await acceptFor(new Server(), ServerCredentials.createInsecure(), shared);
  const [accepting] = listen.mock.contexts as NetServer[];
  listen.mockRestore();
  expect(() => accepting?.emit("error", new Error("accept EMFILE"))).not.toThrow();
  expect(accepting?.listening).toBe(true);
  acceptor.close();
});
