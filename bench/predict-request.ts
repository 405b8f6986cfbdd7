/** A length-delimited field of a protobuf message. */
export function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

/** An entry of a PredictRequest's `inputs`: a float32 tensor by its `tensor_content`. */
export function tensorContent(name: string, shape: readonly number[], data: Float32Array): Buffer {
  const dimensions = shape.map((size) => field(2, Buffer.concat([varint(1 << 3), varint(size)])));
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const dtype = Buffer.of(1 << 3, 1);
  const tensor = Buffer.concat([dtype, field(2, Buffer.concat(dimensions)), field(4, content)]);
  return field(2, Buffer.concat([field(1, Buffer.from(name)), field(2, tensor)]));
}

/** A number below 2^32 as protobuf writes it. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
