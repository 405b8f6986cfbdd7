/** The supported image formats. */
export type PictureFormat = "jpeg" | "png" | "webp" | "gif" | "avif" | "tiff";

const starts = (bytes: Uint8Array, at: number, text: string): boolean =>
  bytes.length >= at + text.length &&
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/**
 * Returns the format of an image based on its first bytes; undefined if it is not supported. The decoder reads more
 * formats, such as SVG, which can refer to other files.
 */
export function pictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  if (starts(bytes, 0, "\xff\xd8\xff")) return "jpeg";
  if (starts(bytes, 0, "\x89PNG\r\n\x1a\n")) return "png";
  if (starts(bytes, 0, "RIFF") && starts(bytes, 8, "WEBP")) return "webp";
  if (starts(bytes, 0, "GIF87a") || starts(bytes, 0, "GIF89a")) return "gif";
  if (starts(bytes, 0, "II*\0") || starts(bytes, 0, "MM\0*")) return "tiff";
  const brands = ["avif", "avis", "mif1"];
  if (starts(bytes, 4, "ftyp") && brands.some((brand) => starts(bytes, 8, brand))) return "avif";
  return undefined;
}

/** Returns the kind of a file that is not an image, for messages. */
export function kindOfFile(bytes: Uint8Array): string {
  if (bytes.length === 0) return "no bytes";
  if (starts(bytes, 0, "PK\x03\x04")) return "a zip archive";
  if (starts(bytes, 0, "%PDF")) return "a PDF";
  if (starts(bytes, 0, "BM")) return "a bitmap (BMP)";
  if (starts(bytes, 4, "ftyphei") || starts(bytes, 4, "ftyphev")) return "a HEIC picture";
  if (starts(bytes, 0, "<svg") || starts(bytes, 0, "<?xml")) return "an SVG or XML text";
  if (/^[A-Za-z0-9+/]{16}/.test(Buffer.from(bytes.subarray(0, 16)).toString("latin1"))) {
    return 'text, which may be base64 that was not decoded; in JSON write {"b64": …}';
  }
  return `${bytes.length} bytes of another kind`;
}
