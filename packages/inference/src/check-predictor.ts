import { isDType } from "./dtype.js";
import { errors } from "./errors.js";
import type { Predictor } from "./predictor.js";

/**
 * Checks that a value is a predictor with valid signatures: maps of names to tensors, each with a dtype
 * that exists and a shape of integers >= -1, or null.
 *
 * @param where Origin of the value, for the message.
 * @throws ServingError INVALID_ARGUMENT / PREDICTOR_UNFIT with the member, what was expected and what was
 * received.
 */
export function checkPredictor(where: string, value: unknown): asserts value is Predictor {
  const fail = (problem: string): never => {
    throw errors.predictorUnfit(where, problem);
  };
  if (!isObject(value)) return fail(`expected a Predictor; got ${kindOf(value)}`);
  const expect: Expect = (holds, member, expected, received) => {
    if (!holds) fail(`${member}: expected ${expected}; got ${kindOf(received)}`);
  };
  const { signatures, batchable, predict } = value;
  expect(isMap(signatures), "signatures", "signatures by name, in an object or a Map", signatures);
  expect(typeof batchable === "boolean", "batchable", "true or false", batchable);
  expect(typeof predict === "function", "predict", "a function", predict);
  for (const name of [
    "allocate",
    "share",
    "unshare",
    "respond",
    "measures",
    Symbol.asyncDispose,
  ] as const) {
    const member = (value as { readonly [key in typeof name]?: unknown })[name];
    expect(isAbsentOr("function", member), String(name), "a function or undefined", member);
  }
  const { uncallable } = value;
  const hasUncallable = uncallable === undefined || isMap(uncallable);
  expect(hasUncallable, "uncallable", "signatures by name or undefined", uncallable);
  for (const [name, signature] of (uncallable ?? []) as Iterable<[unknown, unknown]>) {
    checkSignature(`uncallable signature "${name}"`, signature, expect);
  }
  for (const [name, signature] of signatures as Iterable<[unknown, unknown]>) {
    expect(typeof name === "string", "signatures", "strings as names", name);
    checkSignature(`signature "${name}"`, signature, expect);
  }
}

/** Fails if a condition does not hold. The error has the member, what was expected and what was received. */
type Expect = (holds: boolean, member: string, expected: string, received: unknown) => void;

function checkSignature(member: string, signature: unknown, expect: Expect): void {
  expect(isObject(signature), member, "an object with inputs and outputs", signature);
  const { methodName, checksShapes, inputs, outputs, aliases = [] } = signature as Unchecked;
  const hasMethod = isAbsentOr("string", methodName);
  expect(hasMethod, `${member}: methodName`, "a string or undefined", methodName);
  const checks = isAbsentOr("boolean", checksShapes);
  expect(checks, `${member}: checksShapes`, "true, false or undefined", checksShapes);
  const hasAliases = Array.isArray(aliases);
  expect(hasAliases, `${member}: aliases`, "an array of signatures or undefined", aliases);
  for (const alias of aliases as readonly unknown[]) {
    checkSignature(`${member}: alias`, alias, expect);
  }
  checkOpaqueTensors(member, signature as Unchecked, expect);
  for (const [side, specs] of Object.entries({ input: inputs, output: outputs })) {
    expect(
      isMap(specs),
      `${member}: ${side}s`,
      "tensor specs by name, in an object or a Map",
      specs,
    );
    for (const [name, spec] of specs as Iterable<[unknown, unknown]>) {
      expect(typeof name === "string", `${member}: ${side}s`, "strings as names", name);
      checkTensorSpec(`${member}: ${side} "${name}"`, spec, expect);
    }
  }
}

function checkOpaqueTensors(member: string, signature: Unchecked, expect: Expect): void {
  for (const [side, field] of Object.entries({ input: "opaqueInputs", output: "opaqueOutputs" })) {
    const { [field]: tensors = new Map() } = signature;
    const map = "opaque tensors by name or undefined";
    expect(isMap(tensors), `${member}: ${field}`, map, tensors);
    for (const [name, tensor] of tensors as Iterable<[unknown, unknown]>) {
      expect(typeof name === "string", `${member}: ${field}`, "strings as names", name);
      checkOpaqueTensor(`${member}: opaque ${side} "${name}"`, tensor, expect);
    }
  }
}

function checkOpaqueTensor(member: string, tensor: unknown, expect: Expect): void {
  expect(isObject(tensor), member, "an object with problem, dataType and shape", tensor);
  const { problem, cooSparse, composite } = tensor as Unchecked;
  expect(typeof problem === "string", `${member}: problem`, "a string", problem);
  checkTensorPart(member, tensor as Unchecked, expect);
  if (cooSparse !== undefined) {
    const { values, indices, denseShape } = isObject(cooSparse) ? cooSparse : {};
    const areNames = [values, indices, denseShape].every((name) => typeof name === "string");
    const names = "{ values: string, indices: string, denseShape: string } or undefined";
    expect(areNames, `${member}: cooSparse`, names, cooSparse);
  }
  if (composite === undefined) return;
  const { typeSpecClass, typeSpecClassName, components } = isObject(composite) ? composite : {};
  const areNames = [typeSpecClass, typeSpecClassName].every((name) => typeof name === "string");
  const areParts = Array.isArray(components) && components.every(isObject);
  const fields =
    "{ typeSpecClass: string, typeSpecClassName: string, components: [] } or undefined";
  expect(areNames && areParts, `${member}: composite`, fields, composite);
  for (const part of components as readonly Unchecked[]) {
    checkTensorPart(`${member}: component`, part, expect);
  }
}

function checkTensorPart(member: string, part: Unchecked, expect: Expect): void {
  const { dataType, shape, nativeName } = part;
  const isType = Number.isInteger(dataType) && (dataType as number) >= 0;
  expect(isType, `${member}: dataType`, "a number of TensorFlow's DataType", dataType);
  checkShape(member, shape, expect);
  const hasName = isAbsentOr("string", nativeName);
  expect(hasName, `${member}: nativeName`, "a string or undefined", nativeName);
}

function checkShape(member: string, shape: unknown, expect: Expect): void {
  const isShape = shape === null || (Array.isArray(shape) && shape.every(isDimension));
  const dimensions = "an array of integers >= -1 (-1 is any extent), or null (any rank)";
  expect(isShape, `${member}: shape`, dimensions, shape);
}

function checkTensorSpec(member: string, spec: unknown, expect: Expect): void {
  expect(isObject(spec), member, "an object with dtype and shape", spec);
  const { dtype, shape, nativeName, isOptional, missing, quantization } = spec as Unchecked;
  const isKnown = typeof dtype === "string" && isDType(dtype);
  expect(isKnown, `${member}: dtype`, "the name of a dtype, such as float32", dtype);
  checkShape(member, shape, expect);
  const hasName = isAbsentOr("string", nativeName);
  expect(hasName, `${member}: nativeName`, "a string or undefined", nativeName);
  const saysOptional = isAbsentOr("boolean", isOptional);
  expect(saysOptional, `${member}: isOptional`, "true, false or undefined", isOptional);
  const ofMissing = dtype === "string" ? "string" : "number";
  const expected = `a ${ofMissing} or undefined, for a spec of dtype ${dtype}`;
  expect(isAbsentOr(ofMissing, missing), `${member}: missing`, expected, missing);
  if (quantization === undefined) return;
  const { scale, zeroPoint, dimension } = isObject(quantization) ? quantization : {};
  const isQuantization =
    isNumbers(scale) && isNumbers(zeroPoint) && isAbsentOr("number", dimension);
  const fields = "{ scale: number[], zeroPoint: number[], dimension?: number } or undefined";
  expect(isQuantization, `${member}: quantization`, fields, quantization);
}

type Unchecked = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Unchecked =>
  typeof value === "object" && value !== null;

const isAbsentOr = (type: string, value: unknown) => value === undefined || typeof value === type;

const isNumbers = (value: unknown) =>
  Array.isArray(value) && value.every((one) => typeof one === "number");

const isDimension = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= -1;

/** Returns whether a value is a Map, including a Map of another realm or a read-only Map of another class. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  if (!isObject(value)) return false;
  const { get, has, size } = value as unknown as ReadonlyMap<unknown, unknown>;
  const isIterable = typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator];
  const methods = [typeof get, typeof has, isIterable];
  return typeof size === "number" && methods.every((type) => type === "function");
}

const MAX_SHOWN = 80;

/** Formats a value for a message: small values as they are, objects by their class. */
function kindOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (Array.isArray(value)) {
    const elements = value.map((one) => (isObject(one) ? "object" : String(one)));
    return `[${elements.join(",").slice(0, MAX_SHOWN)}]`;
  }
  if (typeof value === "function") return "a function";
  if (!isObject(value)) return String(value);
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return name === "Object" ? "a plain object" : `an object of class ${name}`;
}
