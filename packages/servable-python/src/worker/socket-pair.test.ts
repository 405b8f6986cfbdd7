import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { socketPair } from "./socket-pair.js";

vi.mock("node:crypto", async (original) => ({
  ...(await original<typeof import("node:crypto")>()),
  randomUUID: vi.fn(),
}));

const isLinux = process.platform === "linux";
const received: string[] = [];
const address = () => {
  received.length = 0;
  const name = `test-${process.pid}-${Math.random()}`;
  vi.mocked(randomUUID).mockReturnValue(name as never);
  return `serving-kit-${name}`;
};
const memory = Buffer.alloc(100);
const onread = {
  buffer: () => memory,
  callback: (count: number, buffer: Uint8Array) => {
    received.push(Buffer.from(buffer.subarray(0, count)).toString());
    return true;
  },
};

function ended(...sockets: readonly (Socket | undefined)[]) {
  onTestFinished(() => {
    for (const socket of sockets) socket?.destroy();
  });
}

it.runIf(isLinux)("ours reads into the given memory, and sees the end of theirs", async () => {
  address();
  const pair = await socketPair(onread);
  ended(pair?.ours, pair?.theirs);
  pair?.theirs.write("hello");
  await vi.waitFor(() => expect(received).toEqual(["hello"]));
  expect(memory.toString("utf8", 0, 5)).toBe("hello");
  const closed = once(pair?.ours as Socket, "close");
  pair?.theirs.destroy();
  await closed;
});

it.runIf(isLinux)(
  "a stranger that connects first is not taken for ours, and is closed",
  async () => {
    const path = `\0${address()}`;
    const pairing = socketPair(onread);
    const strangers = ["", "x".repeat(16)].map((text) => {
      const stranger = connect(path);
      stranger.on("error", () => {});
      if (text) stranger.write(text);
      return stranger.resume();
    });
    const pair = await pairing;
    ended(pair?.ours, pair?.theirs, ...strangers);
    await Promise.all(strangers.map((one) => one.closed || once(one, "close")));
    received.length = 0;
    pair?.theirs.write("still ours");
    await vi.waitFor(() => expect(received).toEqual(["still ours"]));
  },
);

it.runIf(isLinux)("the address is gone when the pair is there", async () => {
  const name = address();
  const pair = await socketPair(onread);
  ended(pair?.ours, pair?.theirs);
  const listening = /00010000/; // __SO_ACCEPTCON
  const lines = readFileSync("/proc/net/unix", "utf8").split("\n");
  expect(lines.filter((line) => line.includes(name) && listening.test(line))).toEqual([]);
});

it("without such addresses there is no pair", async () => {
  const name = address();
  const taken = createServer().listen(`\0${name}`);
  await once(taken, "listening");
  onTestFinished(() => void taken.close());
  expect(await socketPair(onread)).toBeUndefined();
});
