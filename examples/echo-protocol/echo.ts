import { signatureOf, toTensors } from "@serving-kit/inference";
import {
  type CallContext,
  type Protocol,
  type ServerCore,
  serverSentEvents,
} from "@serving-kit/server";
import { codecOf, schemaOf } from "@serving-kit/server/grpc";

const PROTOS = [
  `syntax = "proto3"; package echo;
   message Text { string text = 1; }
   message Values { string model = 1; repeated float values = 2; }
   service Echo { rpc Repeat(Text) returns (stream Text); rpc Ask(Values) returns (Values); }`,
];
const Text = codecOf<{ text: string }>(schemaOf(PROTOS), "echo.Text");
const Values = codecOf<{ model: string; values: number[] }>(schemaOf(PROTOS), "echo.Values");

/** Repeats a text word by word, and answers values with those that a model makes of them. */
export const echo: Protocol = {
  name: "echo",
  apis: ["Ask"],
  module: { url: import.meta.url, exportName: "echo" },
  http: () => [{ method: "GET", path: "/echo/:text", handle: ({ params }) => words(params.text) }],
  grpc: (core) => [
    {
      name: "echo.Echo",
      protos: PROTOS,
      methods: {
        Repeat: { kind: "serverStream", handle: (request) => repeat(Text.decode(request)) },
        Ask: { kind: "unary", handle: (request, context) => ask(core, request, context) },
      },
    },
  ],
};

/** The plugins of this module: `serving-kit --plugins=./echo.ts` serves the protocol. */
export const protocols = echo;

const words = (text = "") => serverSentEvents(split(text));

async function* split(text: string) {
  for (const word of text.split(" ")) yield { data: word };
}

async function* repeat({ text }: { text: string }) {
  for await (const { data } of split(text)) yield Text.encode({ text: data });
}

/** Calls the model that a message names, with its values as the first input. */
function ask(core: ServerCore, request: Uint8Array, context: CallContext) {
  return core.call(
    {
      api: "Ask",
      body: () => Values.decode(request),
      locate: ({ model }) => ({ name: model }),
      async run(version, { values }) {
        const signature = signatureOf(version.predictor);
        const [input = ""] = signature.inputs.keys();
        return version.predict({ inputs: toTensors(signature, { [input]: [values] }) });
      },
      encode(outputs, { name }) {
        const values = Object.values(outputs).flatMap(({ data }) => [...(data as Float32Array)]);
        return Values.encode({ model: name, values });
      },
    },
    context,
  );
}
