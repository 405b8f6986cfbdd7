import { tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { audio } from "./audio.js";
import { readWav } from "./wav.js";

interface WavOptions {
  readonly rate?: number;
  readonly channels?: number;
  readonly kind?: number;
  readonly bits?: number;
  readonly extensible?: boolean;
}

/** A WAV file with a chunk of another kind in front of the samples. */
function wav(samples: Buffer, options: WavOptions = {}): Buffer {
  const { rate = 8000, channels = 1, kind = 1, bits = 16, extensible = false } = options;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : kind, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt16LE(bits, 14);
  if (extensible) format.writeUInt16LE(kind, 24);
  const chunk = (name: string, body: Buffer) => {
    const head = Buffer.from(`${name}    `);
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const chunks = [chunk("fmt ", format), chunk("LIST", Buffer.from("odd")), chunk("data", samples)];
  return Buffer.concat([Buffer.from("RIFF    WAVE"), ...chunks]);
}

const int16 = (...samples: number[]) => Buffer.from(Int16Array.from(samples).buffer);
const of = async (bytes: Uint8Array, options: Partial<Parameters<typeof audio>[0]> = {}) =>
  audio({ rate: 8000, ...options })(bytes);

describe("audio", () => {
  it.each([
    ["8 bits", Buffer.from([0, 128, 192]), { bits: 8 }, [-1, 0, 0.5]],
    ["16 bits", int16(-32768, 0, 16384), {}, [-1, 0, 0.5]],
    ["24 bits", Buffer.from([0, 0, 128, 0, 0, 0, 0, 0, 64]), { bits: 24 }, [-1, 0, 0.5]],
    [
      "32 bits",
      Buffer.from(Int32Array.of(-(2 ** 31), 0, 2 ** 30).buffer),
      { bits: 32 },
      [-1, 0, 0.5],
    ],
    [
      "floats",
      Buffer.from(Float32Array.of(-1, 0, 0.5).buffer),
      { kind: 3, bits: 32 },
      [-1, 0, 0.5],
    ],
    [
      "doubles",
      Buffer.from(Float64Array.of(-1, 0, 0.5).buffer),
      { kind: 3, bits: 64 },
      [-1, 0, 0.5],
    ],
    ["the extensible form", int16(-32768, 0, 16384), { extensible: true }, [-1, 0, 0.5]],
  ])("reads WAV of %s", async (_, samples, options, expected) => {
    const { shape, data } = await of(wav(samples, options));
    expect(shape).toEqual([1, 3]);
    expect([...data]).toEqual(expected);
  });

  it("reads raw samples, and a WAV that was written as a stream", async () => {
    const raw = await of(int16(16384, 0), { pcm: { rate: 8000 } });
    expect([...raw.data]).toEqual([0.5, 0]);
    const stream = wav(int16(16384));
    stream.writeUInt32LE(0xffffffff, stream.length - 6);
    expect(readWav(stream, 1).channels).toEqual([Float32Array.of(0.5)]);
  });

  it("mixes channels, keeps them, or repeats one", async () => {
    const stereo = wav(int16(16384, 0, -16384, 0), { channels: 2 });
    expect([...(await of(stereo)).data]).toEqual([0.25, -0.25]);
    const kept = await of(stereo, { channels: 2 });
    expect([kept.shape, [...kept.data]]).toEqual([
      [1, 2, 2],
      [0.5, 0, -0.5, 0],
    ]);
    const twice = await of(wav(int16(16384)), { channels: 2 });
    expect([...twice.data]).toEqual([0.5, 0.5]);
  });

  it("fills up, cuts, and divides into windows", async () => {
    const read = audio({ rate: 8000 });
    const both = await read(tensor("string", [2], [wav(int16(16384)), wav(int16(0, 16384))]));
    expect([both.shape, [...both.data]]).toEqual([
      [2, 2],
      [0.5, 0, 0, 0.5],
    ]);
    const three = wav(int16(16384, 0, -16384));
    const fixed = await of(three, { length: 2 });
    expect([fixed.shape, [...fixed.data]]).toEqual([
      [1, 2],
      [0.5, 0],
    ]);
    const windows = await of(three, { window: 2 });
    expect([windows.shape, [...windows.data]]).toEqual([
      [2, 2],
      [0.5, 0, -0.5, 0],
    ]);
    const overlapping = await of(three, { window: 2, hop: 1 });
    expect([...overlapping.data]).toEqual([0.5, 0, 0, -0.5]);
  });

  it.each([
    [44_100, 16_000, 1000],
    [16_000, 44_100, 1000],
    [48_000, 16_000, 7000],
    [11_025, 48_000, 4000],
    [44_101, 16_000, 440],
  ])(
    "changes %i samples a second to %i without delay: a tone stays where it is",
    async (from, to, hertz) => {
      const tone = (rate: number) =>
        Float32Array.from({ length: rate / 2 }, (_, i) =>
          Math.sin((2 * Math.PI * hertz * i) / rate),
        );
      const file = wav(Buffer.from(tone(from).buffer), { rate: from, kind: 3, bits: 32 });
      const { data } = await of(file, { rate: to });
      const expected = tone(to);
      expect(Math.abs(data.length - expected.length)).toBeLessThanOrEqual(1 + to / from);
      const edge = Math.ceil(to / 50); // the filter has half of its samples there
      let worst = 0;
      for (let i = edge; i < expected.length - edge; i++) {
        worst = Math.max(worst, Math.abs((data[i] as number) - (expected[i] as number)));
      }
      expect(worst).toBeLessThan(2e-4);
    },
  );

  it("removes what the new rate cannot have", async () => {
    const tone = Float32Array.from({ length: 22_050 }, (_, i) =>
      Math.sin((2 * Math.PI * 9000 * i) / 44_100),
    );
    const file = wav(Buffer.from(tone.buffer), { rate: 44_100, kind: 3, bits: 32 });
    const { data } = await of(file, { rate: 16_000 });
    const middle = data.subarray(1000, data.length - 1000);
    expect(Math.max(...middle.map(Math.abs))).toBeLessThan(1e-4);
  });

  it.each([
    [
      "no WAV",
      Buffer.from("ID3 an MP3"),
      "expected a WAV file, which begins with RIFF and WAVE; got 10 bytes",
    ],
    ["no samples", wav(int16()).subarray(0, 36), "it has no samples"],
    ["a truncated one", wav(int16(1, 2, 3, 4)).subarray(0, -4), "it is truncated"],
    [
      "A-law",
      wav(int16(1), { kind: 6, bits: 8 }),
      "its samples are of format 6 with 8 bits; expected PCM",
    ],
    ["no channels", wav(int16(1), { channels: 0 }), "it has 0 channels of 8000 samples a second"],
  ])("refuses %s", async (_, bytes, message) => {
    await expect(of(bytes)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "AUDIO_UNREADABLE",
      message: expect.stringContaining(message),
    });
  });

  it("bounds the length, and rejects options that are not valid", async () => {
    await expect(
      of(wav(int16(...new Array(9).fill(0))), { maxSeconds: 0.001 }),
    ).rejects.toMatchObject({
      reason: "AUDIO_TOO_LONG",
    });
    await expect(of(wav(int16(1, 2, 3), { channels: 3 }), { channels: 2 })).rejects.toThrow(
      "it has 3 channels; expected 2, or one",
    );
    expect(() => audio({ rate: 0 })).toThrow(
      "audio.rate must be an integer from 1 to 768000; got 0",
    );
    expect(() => audio({ rate: 1, hop: 2 })).toThrow(
      "audio.window must be set with hop; got undefined",
    );
    expect(() => audio({ rate: 1, length: 2, window: 2 })).toThrow(
      "audio takes length or window, not both",
    );
    expect(() => audio({ rate: 1, rat: 2 } as never)).toThrow(
      "audio has no option rat; expected rate",
    );
  });
});
