import { type ServableRequest, ServingError } from "@serving-kit/core";
import {
  type DType,
  findSignature,
  NUMERIC_DTYPES,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";
import {
  type CallAllowance,
  type CalledVersion,
  type HttpRequest,
  type Protocol,
  type ServerCore,
  serverSentEvents,
} from "@serving-kit/server";
import type { GrpcSubject, HttpSubject, ProtocolPredict } from "../src/plugins/index.js";

/** A message of the plain protocol, as JSON. */
interface Message {
  readonly model?: string;
  readonly signature?: string;
  readonly tensors: Readonly<Record<string, WrittenTensor>>;
}
interface WrittenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Base64 of the elements: of each, if they are strings. */
  readonly data: string | readonly string[];
}

const COMMA = 0x2c;
/** At least what an element of an array takes: strings are small Buffers. */
const ELEMENT_BYTES = 96;

/** A step of the protocol that a mutant may do otherwise. */
export interface PlainSteps {
  /** The bytes that the objects of a body take. */
  cost(body: Uint8Array): number;
  decode(body: Uint8Array): Message;
  run(version: CalledVersion, message: Message): Promise<Tensors>;
  encode(outputs: Tensors): Uint8Array;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const steps: PlainSteps = {
  cost: (body) => body.reduce((sum, byte) => sum + (byte === COMMA ? ELEMENT_BYTES : 0), 0),
  decode: (body) => JSON.parse(Buffer.from(body).toString()) as Message,
  async run(version, { signature = "serving_default", tensors }) {
    if (!findSignature(version.predictor, signature)) throw unknownSignature(signature);
    return version.predict({ signature, inputs: readTensors(tensors) });
  },
  encode: (outputs) => json({ tensors: writeTensors(outputs) }),
};

const unknownSignature = (name: string) =>
  new ServingError("INVALID_ARGUMENT", "SIGNATURE_UNKNOWN", `no signature ${name}`);

/** A small protocol that keeps its contract, by steps that mutants replace. */
export function plainProtocol(change: Partial<PlainSteps> = {}): Protocol {
  const own = { ...steps, ...change };
  const call = (body: () => Uint8Array | Promise<Uint8Array>, servable?: ServableRequest) => ({
    api: "Predict",
    servable,
    async body(allowance: CallAllowance) {
      const bytes = await body();
      allowance.take(own.cost(bytes));
      return bytes;
    },
    locate: (bytes: Uint8Array) => ({ name: own.decode(bytes).model ?? "" }),
    run: (version: CalledVersion, bytes: Uint8Array) => own.run(version, own.decode(bytes)),
    encode: (outputs: Tensors) => own.encode(outputs),
  });
  return {
    name: "plain",
    apis: ["Predict"],
    http: (core) => [
      {
        method: "POST",
        path: "/plain/:model",
        async handle(request: HttpRequest) {
          const { model = "" } = request.params;
          const body = await core.call(call(request.body, { name: model }), request);
          return { status: 200, body };
        },
      },
      {
        method: "GET",
        path: "/plain",
        handle: ({ signal }) => serverSentEvents(states(core, signal)),
      },
    ],
    grpc: (core) => [
      {
        name: "plain.Plain",
        methods: {
          Predict: {
            kind: "unary",
            handle: (bytes, context) =>
              core.call(
                call(() => bytes),
                context,
              ),
          },
          Watch: {
            kind: "serverStream",
            async *handle(_, { signal }) {
              for await (const { data } of states(core, signal)) yield json(data);
            },
          },
        },
      },
    ],
  };
}

async function* states(core: ServerCore, signal: AbortSignal | undefined) {
  for await (const _ of core.stateChanges({ signal })) yield { data: core.modelNames() };
}

const written = ({ model, signature, inputs }: ProtocolPredict): Buffer =>
  json({ model, signature, tensors: writeTensors(inputs) });

const readAnswer = (body: Uint8Array): Tensors => readTensors(steps.decode(body).tensors);

const DTYPES: readonly DType[] = ["float32", "int64", "string", "bool"];

/** The suite's options for HTTP. */
export const plainHttp: HttpSubject = {
  dtypes: DTYPES,
  hasSignatures: true,
  predict: (call) => ({ path: `/plain/${call.model}`, body: written(call) }),
  outputs: ({ body }) => readAnswer(body),
  message: ({ body }) => JSON.parse(Buffer.from(body).toString()).error,
  damage: (sent) => ({ ...sent, body: damaged(sent.body) }),
  stream: { path: "/plain" },
};

/** The suite's options for gRPC. */
export const plainGrpc: GrpcSubject = {
  dtypes: DTYPES,
  hasSignatures: true,
  predict: (call) => ({ service: "plain.Plain", method: "Predict", message: written(call) }),
  outputs: readAnswer,
  damage: (sent) => ({ ...sent, message: damaged(sent.message) }),
  stream: { service: "plain.Plain", method: "Watch", message: Buffer.from("{}") },
};

/** A message whose tensors have a dtype that does not exist. */
const damaged = (message: Uint8Array | undefined) =>
  Buffer.from(String(message).replaceAll('"float32"', '"float31"'));

export function writeTensors(tensors: Tensors): Record<string, WrittenTensor> {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const write = ({ dtype, shape, data }: Tensor): WrittenTensor => {
    if (Array.isArray(data)) return { dtype, shape, data: data.map(base64) };
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    return { dtype, shape, data: base64(new Uint8Array(buffer, byteOffset, byteLength)) };
  };
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, write(tensor)]));
}

export function readTensors(written: Message["tensors"]): Tensors {
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
  const read = ({ dtype, shape, data }: WrittenTensor): Tensor => {
    if (typeof data !== "string") return { dtype: "string", shape, data: data.map(bytes) };
    const { array } = NUMERIC_DTYPES[dtype as "float32"];
    return { dtype: dtype as "float32", shape, data: new array(bytes(data).buffer) };
  };
  return Object.fromEntries(Object.entries(written).map(([name, one]) => [name, read(one)]));
}
