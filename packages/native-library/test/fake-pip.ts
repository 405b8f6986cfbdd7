import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The behaviour of a pip. */
export interface FakePip {
  /** The sh code of a download, with the folder for the file in `$dest`. */
  readonly ending: string;
  /** The output of `pip index versions`. Default none. */
  readonly link?: string;
}

/**
 * Writes a `python3` into `<folder>/bin` whose pip knows a link, and copies a wheel or fails. It notes the arguments of
 * each call in `<folder>/calls`.
 */
export async function writePip(folder: string, { ending, link = "" }: FakePip): Promise<void> {
  const program = join(folder, "bin/python3");
  await mkdir(join(folder, "bin"), { recursive: true });
  await writeFile(
    program,
    `#!/bin/sh
[ "$3" = "--version" ] && { echo "pip 25.3 from somewhere"; exit 0; }
echo "$@" >> ${folder}/calls
[ "$3" = index ] && { echo "  Found link ${link} (from somewhere), version: any"; exit 1; }
while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest=$2; shift; done
${ending}
`,
  );
  await chmod(program, 0o755);
}
