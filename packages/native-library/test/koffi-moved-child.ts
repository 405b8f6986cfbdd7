import Module from "node:module";

// The binary of koffi has another place. Sends whether koffi's JavaScript has loaded it.
const internals = Module as unknown as {
  _resolveFilename(request: string, ...rest: unknown[]): string;
};
const resolve = internals._resolveFilename;
internals._resolveFilename = (request, ...rest) => {
  if (/^@koromix.*node$/.test(request)) throw new Error("it moved");
  return resolve.call(Module, request, ...rest);
};

const { loadKoffi } = await import("../src/koffi.js");
const library = loadKoffi().load(process.platform === "win32" ? "kernel32.dll" : null);
process.send?.("cdecl" in library);
process.disconnect();
