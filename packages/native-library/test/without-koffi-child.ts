import Module from "node:module";

// Where koffi is not installed: importing the package is not an error, but calling a library is. Sends what
// becomes of it, and ends with the code 7.
const internals = Module as unknown as {
  _resolveFilename(request: string, ...rest: unknown[]): string;
};
const resolve = internals._resolveFilename;
internals._resolveFilename = (request, ...rest) => {
  if (request === "koffi") throw new Error("Cannot find module 'koffi'");
  return resolve.call(Module, request, ...rest);
};

const { exitNow, openLibrary, returnFreedMemory, signalHold } = await import("../src/index.js");
await returnFreedMemory();
const libc = {
  name: "libc",
  candidates: [{ origin: "a test", locate: () => ({ path: "libc.so.6" }) }],
  version: { symbol: "gnu_get_libc_version", atLeast: "2" },
  symbols: [],
  remedy: "install one",
};
const { reason, message } = await openLibrary(libc).catch((error) => error);
process.send?.({ reason, message, hold: String(signalHold()) }, () => exitNow(7));
