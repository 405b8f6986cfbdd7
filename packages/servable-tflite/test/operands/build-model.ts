import { BUILTIN_OPERATORS } from "../../src/graph/builtin-operators.js";
import { TENSOR_TYPES } from "../../src/tensor-type.js";
import { FlatBufferWriter, type Table } from "./flatbuffer-writer.js";

/** A tensor of a model to build. */
export interface TensorDraft {
  readonly name: string;
  /** The name of a TensorType. Default FLOAT32. */
  readonly type?: string;
  /** -1 for an unknown extent, which the file allocates as 1. */
  readonly shape: readonly number[];
  /** The elements of a constant. */
  readonly data?: ArrayBufferView;
  readonly isVariable?: boolean;
  /** Scale and zero point of a quantized tensor. */
  readonly quantization?: readonly [number, bigint];
}

/** An operator of a model to build; tensors by name, `""` for an optional one that is absent. */
export interface OperatorDraft {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly version?: number;
  /** The number of the options' type in the union BuiltinOptions, and their fields. */
  readonly options?: readonly [number, Table];
  /** The same of BuiltinOptions2. */
  readonly options2?: readonly [number, Table];
}

/** A subgraph of a model to build. */
export interface SubgraphDraft {
  readonly tensors: readonly TensorDraft[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly operators: readonly OperatorDraft[];
}

/** Writes a .tflite file. The first subgraph is the one that runs; its inputs and outputs keep their names. */
export function buildModel(...subgraphs: readonly SubgraphDraft[]): Uint8Array {
  const operators = subgraphs.flatMap((subgraph) => subgraph.operators);
  const codes = [...new Set(operators.map(({ name, version = 1 }) => `${name} ${version}`))];
  const buffers: Table[] = [{}];
  const bufferOf = (data: ArrayBufferView | undefined) => {
    if (data === undefined) return 0;
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return buffers.push({ 0: { kind: "bytes", value: bytes } }) - 1;
  };
  const tables = subgraphs.map((subgraph) => subgraphTable(subgraph, codes, bufferOf));
  return FlatBufferWriter.file("TFL3", {
    0: { kind: "u32", value: 3 },
    1: { kind: "tables", value: codes.map(codeTable) },
    2: { kind: "tables", value: tables },
    3: { kind: "text", value: "" },
    4: { kind: "tables", value: buffers },
  });
}

function codeTable(code: string): Table {
  const [name, version] = code.split(" ") as [string, string];
  const number = BUILTIN_OPERATORS.indexOf(name);
  const isCustom = number === -1;
  return {
    0: { kind: "u8", value: isCustom ? 32 : Math.min(number, 127) },
    2: { kind: "i32", value: Number(version) },
    3: { kind: "i32", value: isCustom ? 32 : number },
    ...(isCustom && { 1: { kind: "text", value: name } }),
  };
}

function subgraphTable(
  { tensors, inputs, outputs, operators }: SubgraphDraft,
  codes: readonly string[],
  bufferOf: (data: ArrayBufferView | undefined) => number,
): Table {
  const numberOf = (name: string) => tensors.findIndex((tensor) => tensor.name === name);
  const numbers = (names: readonly string[]) =>
    ({ kind: "i32s", value: names.map(numberOf) }) as const;
  return {
    0: { kind: "tables", value: tensors.map((tensor) => tensorTable(tensor, bufferOf)) },
    1: numbers(inputs),
    2: numbers(outputs),
    3: {
      kind: "tables",
      value: operators.map((operator) => ({
        0: { kind: "u32", value: codes.indexOf(`${operator.name} ${operator.version ?? 1}`) },
        1: numbers(operator.inputs),
        2: numbers(operator.outputs),
        ...(operator.options && {
          3: { kind: "u8", value: operator.options[0] },
          4: { kind: "table", value: operator.options[1] },
        }),
        ...(operator.options2 && {
          11: { kind: "u8", value: operator.options2[0] },
          12: { kind: "table", value: operator.options2[1] },
        }),
      })),
    },
  };
}

function tensorTable(
  { name, type = "FLOAT32", shape, data, isVariable, quantization }: TensorDraft,
  bufferOf: (data: ArrayBufferView | undefined) => number,
): Table {
  return {
    0: { kind: "i32s", value: shape.map((extent) => (extent === -1 ? 1 : extent)) },
    1: { kind: "u8", value: TENSOR_TYPES.findIndex((entry) => entry.name === type) },
    2: { kind: "u32", value: bufferOf(data) },
    3: { kind: "text", value: name },
    ...(shape.includes(-1) && { 7: { kind: "i32s", value: shape } }),
    ...(isVariable && { 5: { kind: "u8", value: 1 } }),
    ...(quantization && {
      4: {
        kind: "table",
        value: {
          2: { kind: "f32s", value: [quantization[0]] },
          3: { kind: "i64s", value: [quantization[1]] },
        },
      },
    }),
  };
}
