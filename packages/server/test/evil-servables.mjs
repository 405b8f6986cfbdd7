// @ts-nocheck The types of most values are wrong on purpose.
// Servables that do what no servable should. `default` is the `LoadServable` of all: `options.kind` chooses one.
const float = { dtype: "float32", shape: [-1] };
const BRAND = Symbol.for("serving-kit.ServingError");
const double = ({ x }) => ({ y: { ...x, data: x.data.map((value) => 2 * value) } });

const throwing = (message) => () => {
  throw new Error(message);
};
const withGetter = (target, name, get) => Object.defineProperty(target, name, { get });
const revoked = (target = {}) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const hostile = (target = {}) =>
  new Proxy(target, {
    get: throwing("get"),
    has: throwing("has"),
    ownKeys: throwing("ownKeys"),
    getPrototypeOf: throwing("getPrototypeOf"),
    getOwnPropertyDescriptor: throwing("getOwnPropertyDescriptor"),
  });
const branded = (members) => {
  const error = Object.assign(new Error("branded"), { reason: "BRANDED", code: "INTERNAL" });
  for (const [name, get] of Object.entries(members)) withGetter(error, name, get);
  return Object.defineProperty(error, BRAND, { value: true });
};
const circular = () => {
  const error = new Error("circular");
  error.cause = error;
  return error;
};

/** Values to throw, each with the status of a call that it fails. */
export const THROWN = {
  undefined: [500, () => undefined],
  null: [500, () => null],
  "a string": [500, () => "secret"],
  "an empty string": [500, () => ""],
  "a number": [500, () => 404],
  NaN: [500, () => Number.NaN],
  "a bigint": [500, () => 1n],
  "a symbol": [500, () => Symbol("secret")],
  "a function": [500, () => () => {}],
  "an object": [500, () => ({ message: "secret" })],
  "an object without a prototype": [500, () => Object.create(null)],
  "an object whose toString throws": [500, () => ({ toString: throwing("toString") })],
  "an array": [500, () => [1, 2]],
  "a revoked proxy": [500, () => revoked()],
  "a revoked proxy of an error": [500, () => revoked(new Error("secret"))],
  "a proxy whose traps throw": [500, () => hostile()],
  "a hostile proxy of an error": [500, () => hostile(new Error("secret"))],
  "an error whose name throws": [500, () => withGetter(new Error("e"), "name", throwing("name"))],
  "an error whose message throws": [
    500,
    () => withGetter(new Error("e"), "message", throwing("message")),
  ],
  "an error whose stack throws": [500, () => withGetter(new Error("e"), "stack", throwing("s"))],
  "an error whose stack is a number": [500, () => Object.assign(new Error("e"), { stack: 7 })],
  "an error whose stack is a symbol": [
    500,
    () => Object.assign(new Error("e"), { stack: Symbol() }),
  ],
  "an error whose message is an object": [500, () => Object.assign(new Error(), { message: {} })],
  "an error whose name is a symbol": [500, () => Object.assign(new Error("e"), { name: Symbol() })],
  "an error with a property that throws": [
    500,
    () => Object.defineProperty(new Error("e"), "extra", { enumerable: true, get: throwing("x") }),
  ],
  "an error that is its own cause": [500, circular],
  "an error with a revoked cause": [500, () => new Error("e", { cause: revoked() })],
  "an error with a hostile cause": [500, () => new Error("e", { cause: hostile(new Error("c")) })],
  "a frozen error": [500, () => Object.freeze(new Error("e"))],
  "an error that cannot be cloned": [500, () => Object.assign(new Error("e"), { f: () => {} })],
  "an AggregateError": [500, () => new AggregateError([revoked(), 1], "several")],
  "a DOMException": [500, () => new DOMException("secret", "DataError")],
  "a ServingError whose code throws": [500, () => branded({ code: throwing("code") })],
  "a ServingError whose reason throws": [500, () => branded({ reason: throwing("reason") })],
  "a ServingError whose status throws": [500, () => branded({ status: throwing("status") })],
  "a ServingError of an unknown code": [500, () => branded({ code: () => "SECRET" })],
  "a ServingError with status 42": [500, () => branded({ status: () => 42 })],
  "a ServingError whose details throw": [
    400,
    () => {
      const details = Object.defineProperty({}, "d", { enumerable: true, get: throwing("d") });
      return branded({ code: () => "INVALID_ARGUMENT", details: () => details });
    },
  ],
  "a ServingError with functions": [
    400,
    () => branded({ code: () => "INVALID_ARGUMENT", details: () => ({ f: () => {} }) }),
  ],
};

const shared = () => new Float32Array(new SharedArrayBuffer(4));
const detached = () => {
  const data = new Float32Array(1);
  structuredClone(data, { transfer: [data.buffer] });
  return data;
};
const y = (tensor) => () => ({ y: { dtype: "float32", shape: [1], ...tensor } });

/** Outputs to return, each with the status of the call. */
export const RETURNED = {
  undefined: [500, () => undefined],
  null: [500, () => null],
  "a number": [500, () => 7],
  "no output": [500, () => ({})],
  "an output by another name": [500, ({ x }) => ({ z: x })],
  "an output of another dtype": [500, y({ dtype: "int32", data: Int32Array.of(1) })],
  "an unknown dtype": [500, y({ dtype: "float7", data: Float32Array.of(1) })],
  "too few elements": [500, y({ shape: [3], data: Float32Array.of(1) })],
  "too many elements": [500, y({ data: Float32Array.of(1, 2) })],
  "a negative shape": [500, y({ shape: [-1], data: Float32Array.of(1) })],
  "a shape that is NaN": [500, y({ shape: [Number.NaN], data: Float32Array.of(1) })],
  "a huge shape": [500, y({ shape: [2 ** 60], data: Float32Array.of(1) })],
  "a shape in a proxy": [200, y({ shape: new Proxy([1], {}), data: Float32Array.of(1) })],
  "a hostile shape": [500, y({ shape: hostile([1]), data: Float32Array.of(1) })],
  "data in a revoked proxy": [500, y({ data: revoked(Float32Array.of(1)) })],
  "detached data": [500, y({ data: detached() })],
  "shared data": [200, y({ data: shared() })],
  "a tensor in a proxy": [200, () => ({ y: new Proxy(y({ data: Float32Array.of(2) })().y, {}) })],
  "a tensor whose data throws": [500, () => ({ y: withGetter({}, "data", throwing("data")) })],
  "a hostile tensor": [500, () => ({ y: hostile() })],
  "hostile outputs": [500, () => hostile()],
  "revoked outputs": [500, () => revoked()],
  "outputs in a proxy": [200, (inputs) => new Proxy(double(inputs), {})],
  "outputs with a hostile one more": [500, (inputs) => ({ ...double(inputs), more: hostile() })],
  "a then that throws": [500, () => withGetter({}, "then", throwing("then"))],
  "a then that calls both": [
    200,
    (inputs) => ({
      // biome-ignore lint/suspicious/noThenProperty: it is the point
      then(resolve, reject) {
        resolve(double(inputs));
        reject(new Error("and again"));
      },
    }),
  ],
  "its inputs": [200, ({ x }) => ({ y: x })],
};

const cloneless = { inputs: { x: float }, outputs: { y: float }, note: () => {} };

/** Servables with odd members, each with the status of a call: 404 if it must not load. */
export const SERVABLES = {
  "signatures with a function": [200, { signatures: { serving_default: cloneless } }],
  "signatures in a proxy": [
    200,
    {
      signatures: new Proxy(
        { serving_default: { inputs: { x: float }, outputs: { y: float } } },
        {},
      ),
    },
  ],
  "hostile signatures": [404, { signatures: hostile() }],
  "a signature with a getter that throws": [
    404,
    { signatures: { serving_default: withGetter({ inputs: {} }, "outputs", throwing("outputs")) } },
  ],
  "no predict": [404, { predict: undefined }],
  "a predict that is a revoked proxy": [500, { predict: revoked(() => {}) }],
  "a hostile member": [200, { extra: hostile() }],
  "a class instance": [
    200,
    new (class {
      signatures = { serving_default: { inputs: { x: float }, outputs: { y: float } } };
      predict = double;
    })(),
  ],
};

const STRAY = {
  rejection: () => void Promise.reject(new Error("nobody waits")),
  timer: () => void setTimeout(throwing("in a timer")),
  tick: () => process.nextTick(throwing("in a tick")),
};

const plain = {
  signatures: { serving_default: { inputs: { x: float }, outputs: { y: float } } },
  predict: double,
};

function throwIt(make) {
  throw make();
}

export default function load(_path, { options: { where, kind } }) {
  switch (where) {
    case "thrown":
      return { ...plain, predict: () => throwIt(THROWN[kind][1]) };
    case "rejected":
      return { ...plain, predict: () => Promise.reject(THROWN[kind][1]()) };
    case "load":
      return throwIt(THROWN[kind][1]);
    case "returned":
      return { ...plain, predict: RETURNED[kind][1] };
    case "servable":
      return Object.assign(Object.create(SERVABLES[kind][1]), {
        ...plain,
        ...SERVABLES[kind][1],
      });
    case "stray":
      return {
        ...plain,
        predict(inputs) {
          STRAY[kind]();
          return new Promise((resolve) => setTimeout(resolve, 50, double(inputs)));
        },
      };
    default:
      return plain;
  }
}
