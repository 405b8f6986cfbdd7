/** Offsets of the parts of `operatorModel`, in bytes. */
const AT = {
  model: 28,
  codes: 52,
  code: 76,
  subgraphs: 96,
  subgraph: 120,
  none: 140,
  buffers: 144,
};

/** A `.tflite` file that does nothing, and for which the runtime must have an operator in a version. */
export function operatorModel(builtin: number, version: number): Uint8Array {
  const bytes = new Uint8Array(168);
  const view = new DataView(bytes.buffer);
  const refer = (at: number, to: number) => view.setUint32(at, to - at, true);
  /** A table's field offsets lie just before it: its own size, then where each field is, 0 if absent. */
  const table = (at: number, size: number, ...fields: number[]) => {
    const offsets = at - 4 - 2 * fields.length;
    [4 + 2 * fields.length, size, ...fields].forEach((value, i) => {
      view.setUint16(offsets + 2 * i, value, true);
    });
    view.setInt32(at, at - offsets, true);
  };
  const list = (at: number, item: number) => {
    view.setUint32(at, 1, true);
    refer(at + 4, item);
  };
  refer(0, AT.model);
  bytes.set(new TextEncoder().encode("TFL3"), 4);
  table(AT.model, 20, 4, 8, 12, 0, 16); // version, operator codes, subgraphs, description, buffers
  view.setUint32(AT.model + 4, 3, true);
  refer(AT.model + 8, AT.codes);
  refer(AT.model + 12, AT.subgraphs);
  refer(AT.model + 16, AT.buffers);
  list(AT.codes, AT.code);
  table(AT.code, 16, 4, 0, 8, 12); // number in a byte, custom code, version, number
  bytes[AT.code + 4] = Math.min(builtin, 127);
  view.setInt32(AT.code + 8, version, true);
  view.setInt32(AT.code + 12, builtin, true);
  list(AT.subgraphs, AT.subgraph);
  table(AT.subgraph, 20, 4, 8, 12, 16); // tensors, inputs, outputs, operators
  for (const field of [4, 8, 12, 16]) refer(AT.subgraph + field, AT.none);
  list(AT.buffers, AT.buffers + 16);
  table(AT.buffers + 16, 4);
  return bytes;
}
