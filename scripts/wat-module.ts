/** The part of wabt that assembles. */
interface Wabt {
  parseWat(file: string, text: string, features: object): ParsedModule;
}

interface ParsedModule {
  validate(features: object): void;
  toBinary(options: object): { readonly buffer: Uint8Array };
  destroy(): void;
}

/**
 * Assembles a WebAssembly module by wabt.
 *
 * @param text The module in the text format.
 * @param features The proposals that it uses.
 */
export async function assembleWat(
  wabt: () => Promise<Wabt>,
  text: string,
  features: object,
): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const module = parseWat("kernel.wat", text, features);
  try {
    module.validate(features);
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
