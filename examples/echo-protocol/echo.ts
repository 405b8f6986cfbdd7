import {
  type CallContext,
  type GrpcService,
  type Protocol,
  serverSentEvents,
} from "@serving-kit/server";
import { ask } from "./ask.js";
import { PROTOS, Text } from "./messages.js";

/** Repeats a text word by word, over HTTP and gRPC, and calls models over gRPC. */
export const echo: Protocol = {
  name: "echo",
  apis: ["Ask"],
  module: { url: import.meta.url, exportName: "echo" },
  http: () => [
    {
      method: "GET",
      path: "/echo/:text",
      handle: ({ params }) => serverSentEvents(events(params)),
    },
  ],
  grpc(core): GrpcService[] {
    const Repeat = { kind: "serverStream", handle: repeat } as const;
    const Ask = { kind: "unary", handle: ask.bind(undefined, core) } as const;
    return [{ name: "echo.Echo", protos: PROTOS, methods: { Repeat, Ask } }];
  },
};

async function* events({ text = "" }: { readonly text?: string }) {
  // Not `split`: the first word of a long text is sent before the others are extracted.
  for (const [word] of text.matchAll(/[^ ]+/g)) yield { data: word };
}

async function* repeat(request: Uint8Array, { allowance }: CallContext) {
  for await (const { data } of events(Text.decode(request, allowance)))
    yield Text.encode({ text: data });
}

/** The plugin export of this module: `serving-kit --plugins=./echo.ts` serves the protocol. */
export const protocols = echo;
