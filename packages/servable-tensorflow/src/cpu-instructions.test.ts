import { expect, it } from "vitest";
import { instructionsNote } from "./cpu-instructions.js";

it("lists the instructions of TensorFlow's notice", () => {
  const notice =
    "2026-01-01 00:00:00.000000: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is " +
    "optimized to use available CPU instructions in performance-critical operations.\n" +
    "To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild TensorFlow with the " +
    "appropriate compiler flags.\n";
  expect(instructionsNote(notice)).toContain("does not use AVX2, AVX512F, FMA of this CPU");
});

it("reports that TensorFlow names none if there is no notice", () => {
  expect(instructionsNote("I other line\n")).toContain("names none that it leaves unused");
});
