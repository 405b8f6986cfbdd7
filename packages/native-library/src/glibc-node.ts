import { closeSync, openSync, readSync } from "node:fs";

/** The first page of a program contains the path of its dynamic linker (elf(5), PT_INTERP). */
const PAGE_BYTES = 4096;

/** Returns whether the program that runs this code is linked with glibc. False if that is not known. */
export function isGlibcNode(): boolean {
  try {
    const file = openSync(process.execPath, "r");
    try {
      const page = Buffer.alloc(PAGE_BYTES);
      readSync(file, page);
      return page.includes("/ld-linux-");
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
