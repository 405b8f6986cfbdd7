/** Returns the time in ms. Lanes use no Clock: their threads wait for each other in real time. */
export function nowMs(): number {
  return performance.now(); // not of a clock
}

/** Calls a function in the next turn of the event loop. */
export function nextTurn(callback: () => void): void {
  setImmediate(callback); // not of a clock
}
