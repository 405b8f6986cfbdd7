import {
  NUMERIC_DTYPES,
  type PredictOptions,
  type Signature,
  type Tensor,
  type Tensors,
  tensor,
} from "@serving-kit/inference";

/** A call that does not match a signature, with strings that the error message must contain. */
export interface Misfit {
  readonly what: string;
  readonly inputs: Tensors;
  readonly options?: PredictOptions;
  /** Parts of the message, without spaces. */
  readonly mentions: readonly string[];
}

// Names that every object inherits.
const STRANGE_NAMES = ["no_such_name", "constructor", "__proto__"];

/** Yields calls that violate a signature in each possible way, derived from valid inputs. */
export function* misfits(signature: Signature, inputs: Tensors): Generator<Misfit> {
  for (const name of STRANGE_NAMES) {
    yield {
      what: `signature "${name}"`,
      inputs,
      options: { signature: name },
      mentions: [name],
    };
    yield { what: `output "${name}"`, inputs, options: { outputs: [name] }, mentions: [name] };
    const extra = withInput(inputs, name, tensor("float32", [], [0]));
    yield { what: `extra input "${name}"`, inputs: extra, mentions: [name] };
  }
  for (const [name, given] of Object.entries(inputs)) {
    const spec = signature.inputs.get(name);
    if (spec === undefined) continue;
    const replaced = (value: unknown) => withInput(inputs, name, value as Tensor);

    if (!spec.isOptional) {
      const rest = Object.fromEntries(Object.entries(inputs).filter(([n]) => n !== name));
      yield { what: `input "${name}" is missing`, inputs: rest, mentions: [name] };
    }
    for (const value of [null, 1, [1, 2], { data: [1] }]) {
      const what = `input "${name}" is ${JSON.stringify(value)}`;
      yield { what, inputs: replaced(value), mentions: [name] };
    }
    const other = zeros(spec.dtype === "float32" ? "int32" : "float32", given.shape);
    yield {
      what: `input "${name}" is of another dtype`,
      inputs: replaced(other),
      mentions: [name, spec.dtype, other.dtype],
    };
    yield {
      what: `input "${name}" has more entries than its shape`,
      inputs: replaced({ ...given, data: longer(given) }),
      mentions: [name],
    };
    const isShapeChecked = signature.checksShapes && spec.shape !== null;
    for (const shape of isShapeChecked ? shapesThatMiss(spec.shape, given.shape) : []) {
      yield {
        what: `input "${name}" has shape [${shape}]`,
        inputs: replaced(zeros(spec.dtype, shape)),
        mentions: [name, `${spec.shape}`, `${shape}`],
      };
    }
  }
}

function shapesThatMiss(expected: readonly number[], given: readonly number[]): number[][] {
  const shapes = [[...given, 1]];
  if (given.length > 0) shapes.push(given.slice(1));
  for (const [i, extent] of expected.entries()) {
    if (extent !== -1) shapes.push(given.with(i, extent + 1));
  }
  return shapes;
}

function zeros(dtype: Tensor["dtype"], shape: readonly number[]): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (dtype === "string")
    return { dtype, shape, data: Array.from({ length: count }, () => new Uint8Array()) };
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  return { dtype, shape, data: new array(count * entriesPerElement) };
}

function longer({ dtype, data }: Tensor): Tensor["data"] {
  if (dtype === "string") return [...(data as readonly Uint8Array[]), new Uint8Array()];
  return new NUMERIC_DTYPES[dtype].array(data.length + 1);
}

// fromEntries creates "__proto__" as an ordinary property, like JSON.parse.
function withInput(inputs: Tensors, name: string, value: Tensor): Tensors {
  return Object.fromEntries([...Object.entries(inputs).filter(([n]) => n !== name), [name, value]]);
}
