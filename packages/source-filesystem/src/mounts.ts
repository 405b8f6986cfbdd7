import { readFileSync } from "node:fs";
import { dirname } from "node:path";

/** A file system that is mounted. */
interface Mount {
  readonly device: number;
  readonly folder: string;
  readonly isLocal: boolean;
}

/** The types of file systems that no other machine has to answer for. */
const LOCAL = new Set(
  `ext2 ext3 ext4 xfs btrfs bcachefs zfs f2fs jfs reiserfs tmpfs ramfs rootfs devtmpfs overlay aufs squashfs erofs
  iso9660 udf vfat exfat ntfs ntfs3 hfsplus proc sysfs`.split(/\s+/),
);

/** The table of mounts of Linux: which file systems are of the network, or of a program (FUSE), and may stop answering. */
export class Mounts {
  readonly #byFolder = new Map<string, Mount>();
  readonly #byDevice = new Map<number, Mount>();

  /** @param table the text of `/proc/self/mountinfo`. */
  constructor(table: string) {
    for (const line of table.split("\n")) {
      const mount = mountOf(line);
      if (mount === undefined) continue;
      // The last one that is mounted at a folder is the one that is seen there.
      this.#byFolder.set(mount.folder, mount);
      this.#byDevice.set(mount.device, mount);
    }
  }

  /** Contract: `FileSystem.networkOf`. */
  networkOf(path: string, device: number | undefined): string | undefined {
    const mount = this.#mountOf(path, device);
    return mount === undefined || mount.isLocal ? undefined : `device ${mount.device}`;
  }

  /** Whether a path is known to be on a local file system. */
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

/** A line such as `36 35 0:98 / /mnt/models rw,noatime shared:1 - nfs4 host:/models rw`. */
function mountOf(line: string): Mount | undefined {
  const [left = "", right] = line.split(" - ");
  const [, , numbers = "", , folder = ""] = left.split(" ");
  const [major, minor] = numbers.split(":").map(Number);
  if (right === undefined || major === undefined || minor === undefined) return undefined;
  const [type = ""] = right.split(" ");
  const isLocal = LOCAL.has(type);
  return { device: deviceOf(major, minor), folder: unescaped(folder), isLocal };
}

/** The number that `stat` has of a device: `makedev` of glibc, for devices as Linux numbers them. */
const deviceOf = (major: number, minor: number) =>
  (minor & 0xff) + (major & 0xfff) * 2 ** 8 + (minor >>> 8) * 2 ** 20;

/** Spaces and the like are written as an octal number after a backslash. */
const unescaped = (folder: string) =>
  folder.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));

let current: Mounts | undefined;

/** The mounts as they are in this turn of the event loop. None are known elsewhere than on Linux. */
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
