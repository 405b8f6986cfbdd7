/** koffi runs calls on its own stacks. Off the loop they have 128 KiB, and Eigen may use more. */
export const STACK_BYTES = 8 * 2 ** 20;
