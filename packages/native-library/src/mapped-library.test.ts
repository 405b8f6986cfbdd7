import { describe, expect, it } from "vitest";
import { findMapped } from "./mapped-library.js";

const maps = `\
55d0c8a00000-55d0c8a28000 r--p 00000000 fd:01 1234   /usr/bin/node
7f1000000000-7f1000100000 r-xp 00001000 fd:01 5678   /opt/my libs/libtensorflow_cc.so.2
7f1000200000-7f1000300000 r-xp 00001000 fd:01 5679   /opt/libtensorflow_framework.so.2 (deleted)
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0      [stack]
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0
`;

describe("findMapped", () => {
  it("finds a library by the name of its file, also in a folder with spaces", () => {
    expect(findMapped(maps, /^libtensorflow_cc\.so/)).toBe("/opt/my libs/libtensorflow_cc.so.2");
  });

  it("does not find deleted or missing paths, or paths that are not files", () => {
    expect(findMapped(maps, /^libtensorflow_framework/)).toBeUndefined();
    expect(findMapped(maps, /stack/)).toBeUndefined();
    expect(findMapped(maps, /my libs/)).toBeUndefined();
  });
});
