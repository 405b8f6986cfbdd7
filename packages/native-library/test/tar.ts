import { gzipSync } from "node:zlib";

/** An entry of a tar archive: a file with content, or a link to another name. */
export type TarMember = { readonly content: string | Uint8Array } | { readonly link: string };

const BLOCK_BYTES = 512;

/** A `.tar.gz` as POSIX's ustar says. */
export function tarGz(members: Readonly<Record<string, TarMember>>): Buffer {
  const blocks = Object.entries(members).flatMap(([name, member]) => {
    const content = Buffer.from("content" in member ? member.content : "");
    const padding = (BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES;
    return [headerOf(name, content.length, member), content, Buffer.alloc(padding)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]));
}

function headerOf(path: string, bytes: number, member: TarMember): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  // A long path is split at a slash: the front of it is the prefix.
  const split = path.length > 100 ? path.lastIndexOf("/", 155) : -1;
  header.write(path.slice(split + 1), 0);
  if (split > 0) header.write(path.slice(0, split), 345);
  header.write("0000644\0", 100);
  header.write(`${bytes.toString(8).padStart(11, "0")} `, 124);
  header.write("        ", 148);
  header.write("link" in member ? "2" : "0", 156);
  if ("link" in member) header.write(member.link, 157);
  header.write("ustar\0" + "00", 257);
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
