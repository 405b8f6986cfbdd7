import type { Tensor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type {
  DenseFeature,
  ExampleOperator,
  FeatureDType,
  SparseFeature,
} from "../example-operator.js";
import { type Feature, readExample } from "./read-example.js";

/**
 * Parses serialized `tf.Example` messages into the outputs of the operator, in their order.
 *
 * @throws ServingError INVALID_ARGUMENT / EXAMPLE_INVALID with the number of the example and its feature.
 */
export function parseExamples(
  { sparse, dense }: ExampleOperator,
  serialized: readonly Uint8Array[],
): Tensor[] {
  const keys = new Set([...sparse, ...dense].map(({ key }) => key));
  const examples = serialized.map((bytes, index) => {
    try {
      return readExample(bytes, keys);
    } catch (error) {
      throw errors.exampleInvalid(index, "it is not a serialized tf.Example", error);
    }
  });
  const parts = sparse.map((feature) => sparseTensors(feature, examples));
  return [
    ...parts.map(({ indices }) => indices),
    ...parts.map(({ values }) => values),
    ...parts.map(({ shape }) => shape),
    ...dense.map((feature) => denseTensor(feature, examples)),
  ];
}

type Examples = readonly ReadonlyMap<string, Feature>[];

function denseTensor({ key, dtype, shape, defaults }: DenseFeature, examples: Examples): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = newData(dtype, examples.length * size);
  for (const [index, example] of examples.entries()) {
    const values = valuesIn(example, { key, dtype }, index) ?? defaults;
    if (values === undefined) {
      throw errors.exampleInvalid(index, `feature "${key}" (${dtype}) is required; it is missing`);
    }
    if (values.length !== size) {
      throw errors.exampleInvalid(
        index,
        `feature "${key}" must have ${size} values (shape [${shape}]); got ${values.length}`,
      );
    }
    for (let i = 0; i < size; i++) data[index * size + i] = values[i] as never;
  }
  return { dtype, shape: [examples.length, ...shape], data } as Tensor;
}

interface SparseTensors {
  readonly indices: Tensor;
  readonly values: Tensor;
  readonly shape: Tensor;
}

function sparseTensors({ key, dtype }: SparseFeature, examples: Examples): SparseTensors {
  const lists = examples.map((example, index) => valuesIn(example, { key, dtype }, index) ?? []);
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  const width = lists.reduce((width, { length }) => Math.max(width, length), 0);
  const indices = new BigInt64Array(2 * count);
  const data = newData(dtype, count);
  let at = 0;
  for (const [row, list] of lists.entries()) {
    for (let column = 0; column < list.length; column++) {
      indices.set([BigInt(row), BigInt(column)], 2 * at);
      data[at++] = list[column] as never;
    }
  }
  const shape = BigInt64Array.of(BigInt(examples.length), BigInt(width));
  return {
    indices: { dtype: "int64", shape: [count, 2], data: indices },
    values: { dtype, shape: [count], data } as Tensor,
    shape: { dtype: "int64", shape: [2], data: shape },
  };
}

function valuesIn(
  example: ReadonlyMap<string, Feature>,
  { key, dtype }: SparseFeature,
  index: number,
): Feature["values"] | undefined {
  const feature = example.get(key);
  if (feature === undefined || feature.dtype === dtype) return feature?.values;
  throw errors.exampleInvalid(index, `feature "${key}" must be ${dtype}; got ${feature.dtype}`);
}

function newData(dtype: FeatureDType, length: number) {
  if (dtype === "float32") return new Float32Array(length);
  return dtype === "int64" ? new BigInt64Array(length) : new Array<Uint8Array>(length);
}
