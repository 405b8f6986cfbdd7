import { readFileSync } from "node:fs";
import { dirname } from "node:path";

/** A mounted file system. */
interface Mount {
  readonly device: number;
  readonly folder: string;
  readonly isLocal: boolean;
}

/** The types of file systems that do not depend on another machine. */
const LOCAL = new Set(
  `ext2 ext3 ext4 xfs btrfs bcachefs zfs f2fs jfs reiserfs tmpfs ramfs rootfs devtmpfs overlay aufs squashfs erofs
  iso9660 udf vfat exfat ntfs ntfs3 hfsplus proc sysfs`.split(/\s+/),
);

/**
 * Linux's mount table: which file systems are on the network or served by a program (FUSE), and may stop responding.
 */
export class Mounts {
  readonly #byFolder = new Map<string, Mount>();
  readonly #byDevice = new Map<number, Mount>();

  /** @param table The text of `/proc/self/mountinfo`. */
  constructor(table: string) {
    for (const line of table.split("\n")) {
      const mount = mountOf(line);
      if (mount === undefined) continue;
      // Of several mounts on one folder, the last one is visible.
      this.#byFolder.set(mount.folder, mount);
      this.#byDevice.set(mount.device, mount);
    }
  }

  /** Contract: `FileSystem.networkOf`. */
  networkOf(path: string, device: number | undefined): string | undefined {
    const mount = this.#mountOf(path, device);
    return mount === undefined || mount.isLocal ? undefined : `device ${mount.device}`;
  }

  /** Returns whether a path is known to be on a local file system. */
  isLocal(path: string, device: number | undefined): boolean {
    return this.#mountOf(path, device)?.isLocal ?? false;
  }

  #mountOf(path: string, device: number | undefined): Mount | undefined {
    return (device === undefined ? undefined : this.#byDevice.get(device)) ?? this.#above(path);
  }

  #above(path: string): Mount | undefined {
    for (let folder = path; ; folder = dirname(folder)) {
      const mount = this.#byFolder.get(folder);
      if (mount !== undefined || folder === dirname(folder)) return mount;
    }
  }
}

/** Parses a line such as `36 35 0:98 / /mnt/models rw,noatime shared:1 - nfs4 host:/models rw`. */
function mountOf(line: string): Mount | undefined {
  const [left = "", right] = line.split(" - ");
  const [, , numbers = "", , folder = ""] = left.split(" ");
  const [major, minor] = numbers.split(":").map(Number);
  if (right === undefined || major === undefined || minor === undefined) return undefined;
  const [type = ""] = right.split(" ");
  const isLocal = LOCAL.has(type);
  return { device: deviceOf(major, minor), folder: unescaped(folder), isLocal };
}

/** Returns the number of a device as `stat` reports it: glibc's `makedev`, for Linux device numbers. */
const deviceOf = (major: number, minor: number) =>
  (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20;

/** Decodes spaces and other characters that are written as a backslash and an octal number. */
const unescaped = (folder: string) =>
  folder.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));

let current: Mounts | undefined;

/** Returns the mounts in this turn of the event loop. Empty on systems other than Linux. */
export function mounts(): Mounts {
  if (current === undefined) {
    current = new Mounts(readTable());
    setImmediate(() => {
      current = undefined;
    });
  }
  return current;
}

function readTable(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}
