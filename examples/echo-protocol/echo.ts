import { signatureOf, toTensors } from "@serving-kit/inference";
import { type GrpcMethod, type Protocol, serverSentEvents } from "@serving-kit/server";
import { codecOf, schemaOf } from "@serving-kit/server/grpc";

const PROTOS = [
  `syntax = "proto3"; package echo;
  message Text { string text = 1; }
  message Values { string model = 1; repeated float values = 2; }
  service Echo {
    rpc Repeat(Text) returns (stream Text);
    rpc Ask(Values) returns (Values);
  }`,
];
const text = codecOf<{ text: string }>(schemaOf(PROTOS), "echo.Text");
const values = codecOf<{ model: string; values: number[] }>(schemaOf(PROTOS), "echo.Values");

/** Repeats a text word by word, over HTTP and gRPC, and answers values with those of a model. */
export const echo: Protocol = {
  name: "echo",
  apis: ["Ask"],
  module: { url: import.meta.url, exportName: "echo" },
  http: () => [
    { method: "GET", path: "/echo/:text", handle: ({ params }) => serverSentEvents(events(params.text)) },
  ],
  grpc: (core) => {
    const Repeat: GrpcMethod = {
      kind: "serverStream",
      async *handle(request) {
        for (const word of words(text.decode(request).text)) yield text.encode({ text: word });
      },
    };
    const Ask: GrpcMethod = {
      kind: "unary",
      handle: (request, context) =>
        core.call(
          {
            api: "Ask",
            body: () => values.decode(request),
            locate: ({ model }) => ({ name: model }),
            run({ predictor, predict }, asked) {
            },
          },
          context,
        ),
    };
    return [{ name: "echo.Echo", protos: PROTOS, methods: { Repeat, Ask } }];
  },
};
