import { type AnyTensor, tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { expect, it } from "vitest";
import { writeFrame } from "./frame.js";
import { type Frame, FrameReader } from "./frame-reader.js";
import { readTensors, writeTensors } from "./tensor-parts.js";
import {
  ALIGNMENT,
  MAGIC,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  PREFIX_BYTES,
} from "./worker-protocol.js";

/** Reads frames from bytes that arrive in chunks of these sizes. */
function read(bytes: Uint8Array, sizes: readonly number[] = [bytes.length]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const end = start + Math.max(1, sizes[i % sizes.length] ?? 1);
    reader.push(bytes.subarray(start, end));
    start = end;
  }
  return frames;
}

/** Reads frames from bytes that the reader's own memory receives, in reads of at most these sizes. */
function readInto(bytes: Uint8Array, sizes: readonly number[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const buffer = reader.buffer();
    expect(buffer.length).toBeGreaterThan(0);
    const count = Math.min(buffer.length, sizes[i % sizes.length] ?? 1, bytes.length - start);
    buffer.set(bytes.subarray(start, start + count));
    reader.filled(count);
    start += count;
  }
  return frames;
}

const joined = (...frames: readonly Uint8Array[][]) => Buffer.concat(frames.flat());

it("frames are read as they were written, in chunks of any size", () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 });
  const frames = fc.array(
    fc.record({ header: fc.dictionary(fc.string(), fc.jsonValue()), parts }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(
      frames,
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
      (written, sizes) => {
        const bytes = joined(...written.map(({ header, parts: own }) => writeFrame(header, own)));
        const got = read(bytes, sizes);
        expect(got.map(({ header }) => JSON.stringify(header))).toEqual(
          written.map(({ header }) => JSON.stringify(header)),
        );
        for (const [i, { body }] of got.entries()) {
          let offset = 0;
          for (const part of written[i]?.parts ?? []) {
            offset = Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
            expect(body.subarray(offset, offset + part.length)).toEqual(part);
            offset += part.length;
          }
          expect(body.length).toBe(offset);
        }
      },
    ),
  );
});

it("small and large bodies are the same on the wire", () => {
  const parts = [new Uint8Array(10).fill(1), new Uint8Array(20_000).fill(2)];
  const [frame] = read(joined(writeFrame({}, parts)));
  expect(frame?.body.subarray(0, 10)).toEqual(parts[0]);
  expect(frame?.body.subarray(10, 64)).toEqual(new Uint8Array(54));
  expect(frame?.body.subarray(64)).toEqual(parts[1]);
});

it("large bodies are read into place, regardless of what arrives with them", () => {
  const parts = (i: number) => [new Uint8Array(70_000 + i).fill(i), Uint8Array.of(i)];
  const bytes = joined(...[1, 2, 3].map((i) => writeFrame({ i }, parts(i), i)));
  const size = fc.oneof(fc.integer({ min: 1, max: 70_000 }), fc.constant(1_000_000));
  fc.assert(
    fc.property(fc.array(size, { minLength: 1 }), (sizes) => {
      const got = readInto(bytes, sizes);
      expect(got.map(({ call, header }) => [call, header.i])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      for (const { body, call } of got) {
        const [first, second] = parts(call) as [Uint8Array, Uint8Array];
        expect(Buffer.compare(body.subarray(0, first.length), first)).toBe(0);
        expect(body.at(-1)).toBe(second[0]);
      }
    }),
    { numRuns: 30 },
  );
});

it("a frame has the number of its call", () => {
  const calls = [0, 1, 2 ** 32 - 1];
  const bytes = joined(...calls.map((call) => writeFrame({}, [], call)));
  expect(read(bytes).map(({ call }) => call)).toEqual(calls);
});

it("anything else is a violation, before memory is allocated for it", () => {
  const prefix = (magic: number, header: number, body: bigint) => {
    const bytes = Buffer.alloc(PREFIX_BYTES);
    bytes.writeUInt32LE(magic, 0);
    bytes.writeUInt32LE(header, 4);
    bytes.writeBigUInt64LE(body, 16);
    return bytes;
  };
  expect(() => read(prefix(MAGIC + 1, 0, 0n))).toThrow("are not a frame");
  expect(() => read(prefix(MAGIC, MAX_HEADER_BYTES + 1, 0n))).toThrow("too large");
  expect(() => read(prefix(MAGIC, 2, BigInt(MAX_BODY_BYTES) + 1n))).toThrow("too large");
  expect(() => read(prefix(MAGIC, 2, 2n ** 64n - 1n))).toThrow("too large");
  for (const header of ["{", "7", "null", ""]) {
    const bytes = Buffer.concat([prefix(MAGIC, header.length, 0n), Buffer.from(header)]);
    expect(() => read(bytes)).toThrow("not a JSON object");
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: PREFIX_BYTES, maxLength: 200 }), (bytes) => {
      fc.pre(Buffer.from(bytes).readUInt32LE(0) !== MAGIC);
      expect(() => read(bytes)).toThrow();
    }),
  );
});

it("tensors are views of the body, and must be inside it", () => {
  const tensors = {
    a: tensor("float32", [3], [1, 2, 3]),
    ["__proto__"]: tensor("string", [2], ["", "ä"]),
    c: tensor("int64", [1, 1], [-1n]),
  };
  const { tensors: places, parts } = writeTensors(tensors);
  const [frame] = read(joined(writeFrame({ places }, parts)));
  const body = frame?.body as Frame["body"];
  const got = readTensors(places, body) as Record<string, AnyTensor>;
  expect(got.a).toEqual(tensors.a);
  expect(Object(got.a?.data)).toHaveProperty("buffer", body.buffer);
  expect(Object.keys(got)).toEqual(Object.keys(tensors));
  const [[name, dtype, shape, offset, bytes] = []] = places;
  for (const place of [
    [name, dtype, shape, body.length, 12],
    [name, dtype, shape, -12, 12],
    [name, dtype, shape, 0.5, 12],
    [name, dtype, [4], offset, bytes],
    [name, dtype, [-1], offset, bytes],
    [name, "float31", shape, offset, bytes],
    [name, dtype, shape, 2, 12],
    [name, "string", [2 ** 30], 0, 12],
    [name, "string", [1], 0, 12],
  ]) {
    expect(() => readTensors([place as never], body), JSON.stringify(place)).toThrow();
  }
});
