import {
  type DType,
  NUMERIC_DTYPES,
  type Signature,
  type Tensor,
  type Tensors,
  UNLIMITED_MEMORY,
} from "@serving-kit/inference";
import { codecOf, schemaOf } from "@serving-kit/server/grpc";
import { decodePredict } from "@serving-kit/tensor-json";
import { DATA_TYPES, decodeTensor, WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import {
  type GrpcSubject,
  type HttpSubject,
  type ProtocolPredict,
  protocolConformance,
  serverConformance,
} from "@serving-kit/testing/plugins";
import { describe, it } from "vitest";
import { PROTOS } from "../src/grpc/messages.js";
import { tensorflowServing } from "../src/index.js";

const JSON_DTYPES: readonly DType[] = [
  ...(["float32", "float64", "int8", "int16", "int32", "int64"] as const),
  ...(["uint8", "uint32", "uint64", "bool", "string"] as const),
];
const ALL_DTYPES = [...(Object.keys(NUMERIC_DTYPES) as DType[]), "string"] as const;

const rest: HttpSubject = {
  dtypes: JSON_DTYPES,
  hasSignatures: true,
  predict: ({ model, signature, inputs }) => {
    const name = signature === undefined ? "" : `"signature_name":${JSON.stringify(signature)},`;
    const values = Object.entries(inputs).map(([key, one]) => `"${key}":${written(one)}`);
    return {
      path: `/v1/models/${model}:predict`,
      body: Buffer.from(`{${name}"inputs":{${values}}}`),
    };
  },
  outputs: ({ body }, { inputs }) => {
    const answer = String(body).replace('"outputs"', '"inputs"');
    const spec = { dtype: (inputs.x as Tensor).dtype, shape: [-1] };
    const signature: Signature = { inputs: new Map([["y", spec]]), outputs: new Map() };
    return decodePredict(Buffer.from(answer), () => signature).inputs;
  },
  message: ({ body }) => JSON.parse(String(body)).error,
  damage: (sent) => ({
    ...sent,
    body: Buffer.from(String(sent.body).replace('"x":[', '"x":["no number",')),
  }),
};

/** A tensor of rank 1 in JSON. */
function written({ dtype, data }: Tensor): string {
  const values = Array.from(data as ArrayLike<unknown>, (value) => {
    if (value instanceof Uint8Array) return `{"b64":"${Buffer.from(value).toString("base64")}"}`;
    if (dtype === "bool") return String(value === 1);
    return Object.is(value, -0) ? "-0.0" : String(value);
  });
  return `[${values}]`;
}

const request = codecOf(schemaOf(PROTOS), "tensorflow.serving.PredictRequest");

const grpc: GrpcSubject = {
  dtypes: ALL_DTYPES,
  hasSignatures: true,
  predict: (call) => predictRequest(call),
  outputs: (answer) => outputsOf(answer),
  damage: (sent) => ({ ...sent, message: Buffer.concat([sent.message, brokenInput]) }),
};

function predictRequest({ model, signature = "", inputs }: ProtocolPredict) {
  const message = request.encode({
    model_spec: { name: model, signature_name: signature },
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, proto(one)])),
  });
  return { service: "tensorflow.serving.PredictionService", method: "Predict", message };
}

function proto({ dtype, shape, data }: Tensor): object {
  const tensor_shape = { dim: shape.map((size) => ({ size })) };
  if (Array.isArray(data)) return { dtype: DATA_TYPES[dtype], tensor_shape, string_val: data };
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  const tensor_content = new Uint8Array(buffer, byteOffset, byteLength);
  return { dtype: DATA_TYPES[dtype], tensor_shape, tensor_content };
}

/** An input `x` whose TensorProto ends in the middle of its shape: `inputs { key: "x" value { … } }`. */
const brokenInput = Uint8Array.of(0x12, 0x08, 0x0a, 0x01, 0x78, 0x12, 0x03, 0x12, 0x7f, 0x00);

/** The outputs of a PredictResponse, each read into the dtype that it has. */
function outputsOf(answer: Uint8Array): Tensors {
  const outputs: Record<string, Tensor> = {};
  const reader = new WireReader(answer);
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag !== ((1 << 3) | WIRE.bytes)) {
      reader.skip(tag);
      continue;
    }
    const entry = reader.message();
    entry.tag();
    const name = entry.string();
    entry.tag();
    outputs[name] = decodeTensor(name, entry.message(), {
      allowance: UNLIMITED_MEMORY,
    });
  }
  return outputs;
}

for (const serializeAsTensorContent of [false, true]) {
  protocolConformance(
    { describe, it },
    {
      name: `TF Serving's protocol, tensor content: ${serializeAsTensorContent}`,
      create: () => tensorflowServing({ serializeAsTensorContent }),
      http: rest,
      grpc,
    },
  );
}

serverConformance(
  { describe, it },
  { name: "TF Serving's protocol", create: () => tensorflowServing(), http: rest, grpc },
);
