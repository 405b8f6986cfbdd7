import type { Tensor } from "./tensor.js";

/**
 * A record of named tensors, empty when it is made, in which every name is just a name, `__proto__` too.
 *
 * What `Object.create(null)` makes would do as well, but V8 keeps that as a dictionary: each look at its
 * names takes ten times as long.
 */
export class TensorRecord {
  static {
    Object.setPrototypeOf(TensorRecord.prototype, null);
    Reflect.deleteProperty(TensorRecord.prototype, "constructor");
  }

  [name: string]: Tensor;
}
