import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Mounts, mounts } from "./mounts.js";

const table = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
36 22 0:98 / /mnt/models rw,noatime shared:2 - nfs4 host:/models rw,vers=4.2
37 36 0:99 / /mnt/models/cache rw - tmpfs tmpfs rw
38 22 0:300 / /mnt/with\\040space rw - fuse.s3fs s3fs rw
39 22 0:98 /part /srv/part rw - nfs4 host:/models rw
40 22 0:101 / /over rw - nfs4 host:/over rw
41 22 8:2 / /over rw - xfs /dev/sda2 rw
`;

describe("Mounts", () => {
  const network = (path: string, device?: number) => new Mounts(table).networkOf(path, device);

  it.each([
    ["/models/m", undefined],
    ["/mnt/models", "device 98"],
    ["/mnt/models/m/1", "device 98"],
    ["/mnt/models2/m", undefined],
    ["/mnt/models/cache/m", undefined],
    ["/mnt/with space/m", `device ${(300 & 0xff) + 2 ** 20}`],
    ["/srv/part/m", "device 98"],
    ["/over/m", undefined],
  ])("finds the network file system of %s: %s", (path, expected) => {
    expect(network(path)).toBe(expected);
  });

  it("uses the device if it is known: a link leads elsewhere", () => {
    expect(network("/models/link", 98)).toBe("device 98");
    expect(network("/mnt/models/link", 8 * 256 + 1)).toBe(undefined);
    expect(network("/mnt/models/m", 12_345)).toBe("device 98");
  });

  it("knows the file system of the working directory as stat does, on Linux", () => {
    const { dev } = statSync(".");
    expect(mounts().networkOf(process.cwd(), dev)).toBe(
      mounts().networkOf(process.cwd(), undefined),
    );
  });
});
