import type { Wheel } from "@serving-kit/native-library/install";

/** The default version. */
export const DEFAULT_VERSION = "2.21.0";

/** A Python package that contains libtensorflow, for one platform. */
export interface TensorFlowWheel extends Wheel {
  /** The required libraries in the package, the main one last. */
  readonly libraries: readonly string[];
  /** SHA-256 of the wheel of `DEFAULT_VERSION`. */
  readonly sha256: string;
}

const linuxLibraries = ["libtensorflow_framework.so.2", "libtensorflow_cc.so.2"];

const wheels: Readonly<Record<string, TensorFlowWheel>> = {
  "linux-x64": {
    package: "tensorflow-cpu",
    platforms: ["manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    libraries: linuxLibraries,
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
  },
  "linux-arm64": {
    package: "tensorflow",
    platforms: ["manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"],
    libraries: linuxLibraries,
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
  },
  "darwin-arm64": {
    package: "tensorflow",
    platforms: ["macosx_12_0_arm64"],
    libraries: ["libtensorflow_framework.2.dylib", "libtensorflow_cc.2.dylib"],
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
  },
};

/** Returns the wheel for a platform such as `linux-x64`; undefined if no wheel contains the library. */
export function wheelFor(platform: string): TensorFlowWheel | undefined {
  return Object.hasOwn(wheels, platform) ? wheels[platform] : undefined;
}
