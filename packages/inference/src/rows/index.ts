/**
 * Shared by the provers of row independence: the values of a graph in terms of rows, and how operations change them.
 *
 * @packageDocumentation
 */
export { conclude } from "./conclude.js";
export { einsum, matMul, perImage } from "./contract.js";
export { elementwise } from "./elementwise.js";
export * from "./extent.js";
export { join } from "./join.js";
export { type AxisPart, choose, gather, slice } from "./pick.js";
export {
  broadcastTo,
  concat,
  expand,
  pack,
  reshape,
  squeeze,
  tile,
  transpose,
} from "./rearrange.js";
export { along, reduce, refused, resized } from "./reduce.js";
export * from "./row-value.js";
