import type { Tensor } from "./tensor.js";

/**
 * A record of named tensors, initially empty. Any name is an ordinary key, including `__proto__`.
 *
 * `Object.create(null)` would work too, but V8 keeps such an object as a dictionary, and enumerating its names takes
 * ten times as long.
 */
export class TensorRecord {
  static {
    Object.setPrototypeOf(TensorRecord.prototype, null);
    Reflect.deleteProperty(TensorRecord.prototype, "constructor");
  }

  [name: string]: Tensor;
}
