import type { Tensor, Tensors } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { ModelSignature } from "../model-signature.js";
import { Interpreter, type InterpreterOptions } from "./interpreter.js";
import type { NativeModel } from "./model.js";

/** Maximum number of shape sets to remember; the oldest is dropped first. */
const MAX_ACCEPTED = 1_024;

/**
 * Checks shapes from clients before an interpreter with XNNPACK uses them. TensorFlow Lite does not expose the shapes
 * of tensors inside XNNPACK, and XNNPACK reads from empty tensors that have no memory. So an interpreter without
 * delegates, which never runs, computes the shapes. A set of shapes that passed is not checked again.
 */
export class ShapeCheck {
  readonly #model: NativeModel;
  readonly #options: InterpreterOptions;
  readonly #accepted = new Set<string>();
  /** The last check; each check waits for the previous one. */
  #last: Promise<unknown> = Promise.resolve();
  #interpreter: Interpreter | undefined;

  constructor(model: NativeModel, options: Omit<InterpreterOptions, "countsDelegation">) {
    this.#model = model;
    this.#options = { ...options, xnnpack: "never", countsDelegation: false };
  }

  /** @throws ServingError INVALID_ARGUMENT / TENSOR_SHAPE_REFUSED. */
  async check(signature: ModelSignature, tensors: Tensors): Promise<void> {
    const outline = this.#model.file.outlines.get(signature.subgraph);
    if (outline === undefined) return;
    const shapes = signature.inputs.map(({ name }) => (tensors[name] as Tensor).shape);
    if (outline.hasWindows && shapes.some((shape) => shape.includes(0))) {
      const text = shapes.map((shape) => `[${shape}]`).join(", ");
      throw errors.reshapeFailed(text, "a convolution or a pooling needs at least one element");
    }
    const key = `${signature.subgraph} ${shapes.join("|")}`;
    if (this.#accepted.has(key) || hasShapesOfFile(signature, shapes)) return;
    const check = this.#last.then(() => this.#tryShapes(signature, tensors, key));
    this.#last = check.catch(() => {});
    await check;
  }

  /** Waits for a check in progress, then frees the interpreter. */
  async close(): Promise<void> {
    await this.#last;
    this.#interpreter?.close();
  }

  async #tryShapes(signature: ModelSignature, tensors: Tensors, key: string): Promise<void> {
    this.#interpreter ??= await Interpreter.create(this.#model, this.#options);
    try {
      await this.#interpreter.reshape(signature, tensors);
    } catch (error) {
      this.#interpreter.close();
      this.#interpreter = undefined;
      throw error;
    }
    this.#accepted.add(key);
    const [oldest] = this.#accepted.size > MAX_ACCEPTED ? this.#accepted : [];
    if (oldest !== undefined) this.#accepted.delete(oldest);
  }
}

/** Returns whether the shapes equal the shapes in the file, except for the batch. */
const hasShapesOfFile = ({ inputs }: ModelSignature, shapes: readonly (readonly number[])[]) =>
  inputs.every(({ spec }, i) => {
    const given = shapes[i] as readonly number[];
    return (
      spec.shape?.length === given.length &&
      spec.shape.every((extent, dimension) => dimension === 0 || extent === given[dimension])
    );
  });
