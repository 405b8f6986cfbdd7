import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { isServingError } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { isDType } from "./dtype.js";
import type { Signature, TensorSpec } from "./signature.js";
import { type Tensor, tensor } from "./tensor.js";
import { toTensor, toTensors } from "./to-tensor.js";

/** Returns the rows of a table of docs/values.md: its cells, without backquotes around a whole cell. */
function rowsOfTable(name: string): string[][] {
  const page = readFileSync(new URL("../../../docs/values.md", import.meta.url), "utf8");
  const table = page.split(`<!-- test: ${name} -->\n`)[1]?.split("\n\n")[0] ?? "";
  return table
    .split("\n")
    .slice(2)
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

const codeOf = (cell: string) => cell.replace(/^`|`$/g, "");
function specOf(cell: string): TensorSpec {
  const [dtype = "", ...shape] = codeOf(cell).split(" ");
  if (!isDType(dtype)) throw new Error(`no dtype in ${cell}`);
  return { dtype, shape: JSON.parse(shape.join("")) };
}
const evaluate = (cell: string): unknown =>
  new Function("Buffer", `return ${codeOf(cell)}`)(Buffer);
const shown = ({ dtype, shape, data }: Tensor) => {
  const entries =
    dtype === "string" ? (data as Uint8Array[]).map((b) => `"${Buffer.from(b)}"`) : [...data];
  return `\`[${shape}]\` \`${entries}\``;
};

function errorOf(run: () => unknown): { reason: string; message: string } {
  try {
    run();
  } catch (error) {
    if (isServingError(error)) {
      expect(error.code).toBe("INVALID_ARGUMENT");
      return error;
    }
    throw error;
  }
  throw new Error("nothing was thrown");
}

function fail(): never {
  throw new Error("boo");
}
function failOddly(): never {
  throw Object.create(null);
}

describe("toTensor (W2, W3, W4, W5, W6): the tables of docs/values.md", () => {
  const accepted = rowsOfTable("accepted");
  const refused = rowsOfTable("refused");

  it("has rows, and each dtype", () => {
    expect([accepted.length > 50, refused.length > 25]).toEqual([true, true]);
    expect(new Set(accepted.map(([spec = ""]) => specOf(spec).dtype)).size).toBe(23);
  });

  it.each(accepted)("takes for %s the value %s (W2, W3, W4, W5, W6)", (spec, value, expected) => {
    const made = toTensor(evaluate(value as string), specOf(spec as string));
    expect(made.dtype).toBe(specOf(spec as string).dtype);
    expect(shown(made)).toBe(expected);
  });

  it.each(refused)("W8 rejects for %s the value %s", (spec, value, reason, message) => {
    const error = errorOf(() => toTensor(evaluate(value as string), specOf(spec as string), "x"));
    expect(error.message).toBe(`tensor "x"${message?.startsWith("[") ? "" : " "}${message}`);
    expect(reason).toBe(`[${error.reason}](errors.md#${error.reason.toLowerCase()})`);
  });
});

describe("toTensor", () => {
  const rows: TensorSpec = { dtype: "float32", shape: [-1, 64] };

  it("W1, W7 shares the memory of a typed array, and returns a tensor itself", () => {
    const pixels = new Float32Array(64);
    expect(toTensor(pixels, rows).data).toBe(pixels);
    const one = tensor("float32", [64], pixels);
    expect(toTensor(one, rows)).toBe(one);
    const clamped = new Uint8ClampedArray(2);
    const bytes = toTensor(clamped, { dtype: "uint8", shape: [-1] }).data as Uint8Array;
    clamped[1] = 7;
    expect([...bytes]).toEqual([0, 7]);
  });

  it("does not give out the shape of the spec", () => {
    const spec: TensorSpec = { dtype: "float32", shape: [2] };
    expect(toTensor([1, 2], spec).shape).not.toBe(spec.shape);
  });

  it("accepts arrays of another realm, and a Float16Array by its tag", () => {
    const foreign = runInNewContext("new Float32Array([1, 2])");
    expect(toTensor(foreign, { dtype: "float32", shape: null }).data).toEqual(
      new Float32Array([1, 2]),
    );
    const half = new Uint16Array([15872]);
    Object.defineProperty(half, Symbol.toStringTag, { value: "Float16Array" });
    expect(toTensor([half], { dtype: "float16", shape: [-1, 1] }).shape).toEqual([1, 1]);
  });

  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const { proxy, revoke } = Proxy.revocable([1], {});
  revoke();
  const hostile = (get: () => never) => Object.defineProperty([1], 0, { get });
  const withShape = (shape: unknown) => ({ dtype: "float32", shape, data: new Float32Array(1) });
  const deep = (levels: number) => {
    let list: unknown = 1;
    for (let i = 0; i < levels; i++) list = [list];
    return list;
  };
  const shared = (levels: number) => {
    let list: unknown[] = Array(1000).fill(1);
    for (let i = 1; i < levels; i++) list = Array(1000).fill(list);
    return list;
  };
  const lying = () => {
    let reads = 0;
    return new Proxy([1, 2], {
      get: (of, key) => (key === "length" ? ++reads : Reflect.get(of, key)),
    });
  };
  // Functions, because the runner inspects values in titles.
  it.each<[string, () => unknown, TensorSpec["shape"], RegExp]>([
    ["a revoked proxy", () => proxy, [-1], /cannot be read: .*revoked/],
    ["a list with a revoked proxy", () => [[proxy]], [-1, -1, -1], /cannot be read: .*revoked/],
    ["a getter that throws", () => hostile(fail), [-1], /cannot be read: boo/],
    ["a getter that throws no error", () => hostile(failOddly), [-1], /cannot be read/],
    ["a cyclic list", () => cyclic, null, /at most 254 levels/],
    ["a cyclic list for a known rank", () => cyclic, [-1, -1], /254 levels/],
    ["10,000 levels", () => deep(10_000), null, /254 levels/],
    ["more elements than memory", () => shared(4), null, /at most 134217728 elements/],
    ["a sparse array of 2^32 - 1", () => new Array(2 ** 32 - 1), [-1], /at most 134217728/],
    ["a sparse array", () => new Array(1e6), [-1], /\[0\]: expected a number; got undefined; fill/],
    ["a list of another length at each look", lying, [-1], /./],
    [
      "an impostor of a typed array",
      () => Object.create(Float32Array.prototype),
      [-1],
      /cannot be/,
    ],
    ["a tensor with a hostile shape", () => withShape(proxy), [-1], /revoked/],
    ["a function", () => fail, [-1], /got a function; pass a tensor/],
    ["a symbol", () => [Symbol("x")], [-1], /expected a number; got Symbol\(x\)/],
    ["an object without a prototype", () => [Object.create(null)], [-1], /expected a number; got/],
    ["empty lists that end in a cycle", () => [[], cyclic], [-1, -1], /is ragged/],
  ])("W8 refuses %s with a sentence", (_, make, shape, message) => {
    const error = errorOf(() => toTensor(make(), { dtype: "float32", shape }));
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(500);
  });
});

describe("toTensors", () => {
  const signature: Pick<Signature, "inputs"> = {
    inputs: new Map<string, TensorSpec>([
      ["x", { dtype: "float32", shape: [-1] }],
      ["mask", { dtype: "bool", shape: [-1], isOptional: true }],
    ]),
  };

  it("converts each input, and leaves out optional ones that are undefined", () => {
    const made = toTensors(signature, { x: [1], mask: undefined });
    expect({ ...made }).toEqual({ x: tensor("float32", [1], [1]) });
    expect({ ...toTensors(signature, { x: 1, mask: true }) }).toEqual({
      x: tensor("float32", [1], [1]),
      mask: tensor("bool", [1], [true]),
    });
  });

  it.each<[unknown, string, string]>([
    [{}, "INPUT_MISSING", 'input "x" is missing; got none'],
    [{ x: undefined }, "INPUT_MISSING", 'input "x" is missing'],
    [Object.create({ x: [1] }), "INPUT_MISSING", 'input "x" is missing'],
    [
      { x: [1], y: [1] },
      "INPUT_UNEXPECTED",
      'input "y" is not in the signature; expected "x", "mask"',
    ],
    [{ x: [1], y: undefined }, "INPUT_UNEXPECTED", 'input "y" is not in the signature'],
    [{ x: ["1"] }, "TENSOR_INVALID", 'tensor "x"[0]: expected a number; got "1"; write Number(it)'],
    [{ x: [1], mask: null }, "TENSOR_INVALID", 'tensor "mask" must be bool [-1]; got null'],
    [
      new Float32Array(1),
      "INPUTS_INVALID",
      'inputs must be an object of values by name: "x", "mask"; got a Float32Array',
    ],
    [[1], "INPUTS_INVALID", "got an Array"],
    [undefined, "INPUTS_INVALID", "got undefined"],
    [null, "INPUTS_INVALID", "got null"],
    [1, "INPUTS_INVALID", "got a number"],
  ])("refuses %o", (inputs, reason, message) => {
    const error = errorOf(() => toTensors(signature, inputs));
    expect(error.message).toContain(message);
    expect(error.reason).toBe(reason);
  });

  it("rejects inputs whose names cannot be read", () => {
    const inputs = new Proxy({}, { ownKeys: fail });
    expect(errorOf(() => toTensors(signature, inputs)).message).toContain("cannot be read: boo");
  });
});
