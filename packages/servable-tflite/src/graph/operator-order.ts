import { NO_TENSOR, type Operator } from "./graph.js";

/**
 * Checks that each operator comes after the operators whose outputs it reads. If a graph has a cycle, TensorFlow Lite's
 * partitioning writes outside its memory. That damages the heap, and often crashes the process only with a later model.
 *
 * @throws RangeError with the operator.
 */
export function checkOrder(operators: readonly Operator[]): void {
  const makers = new Map<number, number>();
  for (const { index, outputs } of operators) {
    for (const tensor of outputs) if (!makers.has(tensor)) makers.set(tensor, index);
  }
  for (const { index, name, inputs } of operators) {
    for (const tensor of inputs) {
      const maker = makers.get(tensor);
      if (tensor === NO_TENSOR || maker === undefined || maker < index) continue;
      throw new RangeError(
        `operator ${index} (${name}) reads tensor ${tensor}, which is an output of operator ${maker}: ` +
          "expected an earlier one",
      );
    }
  }
}
