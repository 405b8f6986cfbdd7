// A WAV file in, its notes out: CREPE finds the pitch of each frame of 64 ms.
import { readFileSync } from "node:fs";
import { audio } from "@serving-kit/processing";
import { createModelServer, mapPredictor, spec, type TensorOf, tflite } from "serving-kit";

const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const frames = audio({ rate: 16_000, window: 1024 });
const pitch = mapPredictor(tflite(), {
  inputs: { sound: spec.string([]) },
  outputs: { note: spec.int32([-1]), confidence: spec.float32([-1]) },
  before: async ({ sound }, call) => ({ input: standardized(await frames(sound, call)) }),
  after: (outputs) => {
    const { data, shape } = outputs.output_0 as TensorOf<"float32">;
    const rows = Array.from({ length: shape[0] ?? 0 }, (_, i) =>
      data.subarray(360 * i, 360 * i + 360),
    );
    const best = rows.map((row) => row.indexOf(Math.max(...row)));
    // Each bin is 20 cents wide, and the first is 1997.38 cents above 10 Hz. Note 69 is 440 Hz.
    const cents = best.map((bin) => 1997.38 + 20 * bin - 1200 * Math.log2(44));
    const note = cents.map((above) => Math.round(69 + above / 100));
    return { note, confidence: rows.map((row, i) => row[best[i] ?? 0] ?? 0) };
  },
});

/** Normalizes each frame to mean 0 and standard deviation 1, as in CREPE's training. */
function standardized({ dtype, shape, data }: TensorOf<"float32">): TensorOf<"float32"> {
  const result = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += 1024) {
    const frame = data.subarray(at, at + 1024);
    const mean = frame.reduce((sum, x) => sum + x, 0) / 1024;
    const deviation = Math.sqrt(frame.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 1024);
    result.set(
      frame.map((x) => (x - mean) / Math.max(deviation, 1e-8)),
      at,
    );
  }
  return { dtype, shape, data: result };
}

const basePath = `${import.meta.dirname}/pitch`;
await using server = await createModelServer({ models: { pitch: { basePath, platform: pitch } } });
const sound = readFileSync(process.argv[2] ?? `${import.meta.dirname}/tune.wav`);
const { note, confidence } = await server.predict("pitch", { sound });
const sure = [...(note as TensorOf<"int32">).data].filter(
  (_, i) => Number(confidence?.data[i]) > 0.5,
);
const played = sure.filter((one, i) => one !== sure[i - 1]);
console.log(played.map((one) => `${NAMES[one % 12]}${Math.floor(one / 12) - 1}`).join(" "));
