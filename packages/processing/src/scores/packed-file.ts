import { fromBufferPromise } from "yauzl";

const MAX_BYTES = 4 * 2 ** 20;

/**
 * Reads a text file from the zip archive that tools append to a `.tflite` model as its metadata.
 *
 * @param name The file name. Default: the only `.txt` file.
 * @throws Error if there is no such file, or it is larger than 4 MiB.
 */
export async function readPackedFile(model: Buffer, name?: string): Promise<string> {
  const archive = await fromBufferPromise(model, { lazyEntries: true, autoClose: false }).catch(
    () => {
      throw new Error("the model has no files in its metadata");
    },
  );
  try {
    const found = [];
    for await (const entry of archive.eachEntry()) {
      const isText = entry.fileName.endsWith(".txt");
      if (name === undefined ? isText : entry.fileName === name) found.push(entry);
    }
    const [entry] = found;
    if (entry === undefined) throw new Error(`the model's metadata have no ${name ?? ".txt file"}`);
    if (found.length > 1) {
      const names = found.map(({ fileName }) => fileName).join(", ");
      throw new Error(`the model's metadata have several text files; name one of ${names}`);
    }
    if (entry.uncompressedSize > MAX_BYTES) {
      throw new Error(
        `${entry.fileName} has ${entry.uncompressedSize} bytes; expected ${MAX_BYTES}`,
      );
    }
    const parts: Buffer[] = [];
    for await (const part of await archive.openReadStreamPromise(entry)) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  } finally {
    archive.close();
  }
}
