// Writes tune.wav: a triad of tones with four harmonics each, at 22,050 samples per second and 16 bits.
import { writeFileSync } from "node:fs";

const RATE = 22_050;
const samples = new Int16Array(1.5 * RATE);
for (const [i, hertz] of [261.63, 329.63, 392].entries()) {
  for (let k = 0; k < 0.5 * RATE; k++) {
    const phase = (2 * Math.PI * hertz * k) / RATE;
    const wave = [1, 2, 3, 4].reduce((sum, n) => sum + Math.sin(n * phase) / n, 0);
    const fade = Math.min(1, k / 500, (0.5 * RATE - k) / 500);
    samples[i * 0.5 * RATE + k] = 9000 * wave * fade;
  }
}
const head = Buffer.alloc(44);
head.write("RIFF", 0);
head.writeUInt32LE(36 + samples.byteLength, 4);
head.write("WAVEfmt ", 8);
head.writeUInt32LE(16, 16);
head.writeUInt16LE(1, 20);
head.writeUInt16LE(1, 22);
head.writeUInt32LE(RATE, 24);
head.writeUInt32LE(2 * RATE, 28);
head.writeUInt16LE(2, 32);
head.writeUInt16LE(16, 34);
head.write("data", 36);
head.writeUInt32LE(samples.byteLength, 40);
writeFileSync(
  new URL("tune.wav", import.meta.url),
  Buffer.concat([head, Buffer.from(samples.buffer)]),
);
