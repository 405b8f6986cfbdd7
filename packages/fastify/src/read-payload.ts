/**
 * Reads the payload that a `preParsing` hook has substituted for the request, such as a decompressed body.
 *
 * Rejects with an error of `statusCode` 413 as soon as the payload exceeds `limit` bytes.
 */
export async function readPayload(
  payload: AsyncIterable<Uint8Array | string>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of payload) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    chunks.push(bytes);
    length += bytes.length;
    if (length > limit) {
      const message = `preParsing hook payload exceeds the app's bodyLimit of ${limit} bytes`;
      throw Object.assign(new Error(message), { statusCode: 413 });
    }
  }
  return Buffer.concat(chunks, length);
}
