import { openFile } from "@serving-kit/inference";

/** A configuration has at most this many bytes: 1 MiB, room for some thousand models. */
export const MAX_CONFIG_BYTES = 2 ** 20;

/**
 * Reads a file of text in UTF-8, without the byte order mark that some editors begin it with, but
 * never more than `MAX_CONFIG_BYTES` of it.
 *
 * @throws as `openFile`, Node's error if it cannot be read, Error if it is larger or in another encoding.
 */
export async function readBounded(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const file = await openFile(path);
  for await (const chunk of file.createReadStream()) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_CONFIG_BYTES) {
      throw new Error(`expected at most ${MAX_CONFIG_BYTES} bytes; got more`);
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new Error("expected text in UTF-8; got another encoding", { cause });
  }
}
