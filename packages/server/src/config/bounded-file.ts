import { openFile } from "@serving-kit/inference";

/** Maximum size of a configuration: 1 MiB, enough for some thousand models. */
export const MAX_CONFIG_BYTES = 2 ** 20;

/**
 * Reads a UTF-8 text file of at most `MAX_CONFIG_BYTES`, and strips a byte order mark.
 *
 * @throws as `openFile`; Node's error if the file cannot be read; Error if it is larger or in another encoding.
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
