import { describe, expect, it } from "vitest";
import { FlatBuffer, type FlatTable } from "../../src/flatbuffer.js";
import { BUILTIN_OPERATORS } from "../../src/graph/builtin-operators.js";
import type { Graph, GraphTensor, Operator, Subgraph } from "../../src/graph/graph.js";
import { findUnshown } from "../../src/operands/analysis.js";
import { Evaluator } from "../../src/operands/evaluator.js";
import type { AbstractTensor } from "../../src/operands/values/abstract-tensor.js";
import { type Elements, uniform, values } from "../../src/operands/values/elements.js";
import {
  type Extent,
  elementsOf,
  extent,
  isKnown,
  upTo,
} from "../../src/operands/values/extent.js";
import { TENSOR_TYPES } from "../../src/tensor-type.js";
import { randomNumbers } from "../corrupt-files.js";
import { FlatBufferWriter, type Table } from "./flatbuffer-writer.js";

// What a damaged file can give to an operator: any number of operands, of any type and shape, and any options.
const random = randomNumbers(14);
const below = (count: number) => Math.floor(random() * count);
const oneOf = <T>(list: readonly T[]) => list[below(list.length)] as T;
const listOf = <T>(most: number, item: () => T) => Array.from({ length: below(most + 1) }, item);

const NUMBERS = [-(2 ** 31), -5, -2, -1, 0, 1, 2, 3, 4, 7, 2 ** 20, 2 ** 31 - 1];
const EXTENTS = [0, 1, 1, 2, 3, 4, 5, 100, 2 ** 20, 2 ** 31 - 1];

const anExtent = (): Extent => (random() < 0.8 ? extent(oneOf(EXTENTS)) : upTo(oneOf(EXTENTS)));

function someElements(type: string, shape: readonly Extent[] | undefined): Elements {
  const number = () => (type === "FLOAT32" && random() < 0.3 ? random() * 3 : oneOf(NUMBERS));
  const count = elementsOf(shape);
  const isListed = isKnown(count) && count.lo <= 256 && random() < 0.7;
  if (isListed) return values(Array.from({ length: count.lo }, number));
  const [a, b] = [number(), number()];
  return uniform(Math.min(a, b), Math.max(a, b));
}

function aTensor(): AbstractTensor {
  const type = oneOf(["FLOAT32", "INT32", "INT32", "INT64", "BOOL", "STRING", "INT8"]);
  const shape = random() < 0.1 ? undefined : listOf(5, anExtent);
  return {
    type,
    shape,
    elements: someElements(type, shape),
    isExact: random() < 0.5,
    isShapeExact: random() < 0.5,
    mayBeNaN: random() < 0.5,
  };
}

function someOptions(): FlatTable | undefined {
  if (random() < 0.2) return undefined;
  const field = () =>
    oneOf<Table[number]>([
      { kind: "u8", value: below(4) },
      { kind: "i32", value: oneOf(NUMBERS) },
      { kind: "i32s", value: listOf(6, () => oneOf(NUMBERS)) },
    ]);
  const fields = Object.fromEntries([0, 1, 2, 3, 4, 5].map((number) => [number, field()]));
  return new FlatBuffer(FlatBufferWriter.file("TEST", fields)).root("TEST");
}

function outputTensor(index: number): GraphTensor {
  const type = oneOf(TENSOR_TYPES);
  const typeNumber = TENSOR_TYPES.indexOf(type);
  const shape = listOf(5, () => oneOf(EXTENTS));
  const shapeSignature = random() < 0.5 ? [] : shape.map((each) => oneOf([each, -1]));
  const flags = { hasRank: false, isSparse: false, isVariable: false };
  return { index, name: `${index}`, typeNumber, type, shape, shapeSignature, ...flags };
}

/** A graph of one operator; the operands are the inputs of its subgraph. It may run two other subgraphs. */
function aGraph(name: string, operands: number): Graph {
  const others = [1, 2].map((index) => aSubgraph(index, oneOf(BUILTIN_OPERATORS), below(6)));
  const subgraphs = [aSubgraph(0, name, operands), ...others];
  return { subgraphs, signatureDefs: [], metadata: new Map() };
}

function aSubgraph(index: number, name: string, operands: number): Subgraph {
  const options = someOptions();
  const outputs = listOf(3, () => 0).map((_, i) => operands + i);
  const inputs = Array.from({ length: operands }, (_, i) => i);
  const tensors = [...inputs, ...outputs].map(outputTensor);
  const operator: Operator = {
    ...{ index: 0, code: 0, name, version: 1, intermediates: [] },
    inputs: inputs.map((number) => (random() < 0.05 ? -1 : number)),
    outputs: outputs.map((number) => (random() < 0.05 ? -1 : number)),
    ...(options !== undefined && { options, options2: options }),
  };
  return { index, name: "", tensors, inputs, outputs, operators: [operator] };
}

/** Returns the problem found when an operator is followed; undefined if there is none. */
function problemOf(name: string): string | undefined {
  const operands = listOf(5, aTensor);
  const graph = aGraph(name, operands.length);
  const [subgraph] = graph.subgraphs as [Subgraph];
  const evaluator = new Evaluator(graph, 256);
  const tensors = evaluator.start(subgraph, operands);
  const generation = oneOf(["2.9", "2.21"] as const);
  const start = performance.now();
  try {
    const requirements = { generation, maxTensorBytes: 2 ** 30 };
    findUnshown(evaluator, subgraph, tensors, subgraph.operators, requirements);
  } catch (error) {
    // A call chain without an end, and options that lie outside of the file.
    return isExpected(error) ? undefined : String((error as Error).stack);
  }
  const took = performance.now() - start;
  if (took > 1_000) return `took ${took} ms`;
  const shapes = tensors.flatMap((tensor) => (tensor?.shape === undefined ? [] : [tensor.shape]));
  const isOdd = shapes.some((shape) => shape.some((each) => !(each?.lo <= each?.hi)));
  return isOdd ? `extents ${JSON.stringify(shapes)}` : undefined;
}

const isExpected = (error: unknown) =>
  error instanceof RangeError && /^(it|its|the field) /.test(error.message);

describe("an operator of a damaged file", () => {
  it.each(BUILTIN_OPERATORS)("%s is followed without an error, whatever its operands", (name) => {
    const problems = Array.from({ length: 100 }, () => problemOf(name));
    expect(problems.find((problem) => problem !== undefined)).toBeUndefined();
  });
});
