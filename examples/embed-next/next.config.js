/** @type {import("next").NextConfig} */
export default {
  output: "standalone",
  // Not bundled: the packages hold native libraries.
  serverExternalPackages: ["serving-kit"],
  // Files that no import names: the models, and the libraries of TensorFlow Lite and koffi for this platform.
  outputFileTracingIncludes: {
    "/ml/**": [
      "./models/**",
      "./node_modules/@serving-kit/tflite-*/**",
      "./node_modules/@koromix/koffi-*/**",
    ],
  },
};
