import type { Wanted, Wheel } from "@serving-kit/native-library/install";

/** The Python package that contains ONNX Runtime for a platform. */
export interface PinnedLibrary extends Wheel {
  /** The version of the package `onnxruntime` whose checksum is known. */
  readonly version: string;
  /** SHA-256 of the package. */
  readonly wheelSha256: string;
  /** The path of the library in the package. */
  readonly file: string;
  /** SHA-256 of the library. */
  readonly sha256: string;
}

const PACKAGE = "onnxruntime";

/** The licences in the package. */
export const LICENCES = ["LICENSE", "ThirdPartyNotices.txt"] as const;

/**
 * The libraries by platform: the newest version, except for macOS on x64, where 1.23.2 is the last. There is none for
 * musl.
 */
export const LIBRARIES: Readonly<Record<string, PinnedLibrary>> = {
  "linux-x64": {
    version: "1.32.0",
    package: PACKAGE,
    platforms: ["manylinux_2_28_x86_64"],
    wheelSha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
    file: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
  },
  "linux-arm64": {
    version: "1.32.0",
    package: PACKAGE,
    platforms: ["manylinux_2_28_aarch64"],
    wheelSha256: "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
    file: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
  },
  "darwin-arm64": {
    version: "1.32.0",
    package: PACKAGE,
    platforms: ["macosx_14_0_arm64"],
    wheelSha256: "366b9e53d07812cc5c92822cecf7563b76a8a0f32ba3bb8dd232a206ac3bcb6c",
    file: "onnxruntime/capi/libonnxruntime.1.32.0.dylib",
    sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
  },
  "darwin-x64": {
    version: "1.23.2",
    package: PACKAGE,
    platforms: ["macosx_13_0_x86_64"],
    wheelSha256: "87d8b6eaf0fbeb6835a60a4265fde7a3b60157cf1b2764773ac47237b4d48612",
    file: "onnxruntime/capi/libonnxruntime.1.23.2.dylib",
    sha256: "8330f6d9d53f81d564c88de6520113b25db9537872e70a0fb7942fea202f08b1",
  },
  "win32-x64": {
    version: "1.32.0",
    package: PACKAGE,
    platforms: ["win_amd64"],
    wheelSha256: "d7e0c45cc5f456ad7805e6dd256a7662736cda9c2fd17becae194eb3c2f6df72",
    file: "onnxruntime/capi/onnxruntime.dll",
    sha256: "e9feebaed867b76f741c14ae64e056a3da64a153a61994f1fb48eadc7f9b3ba8",
  },
  "win32-arm64": {
    version: "1.32.0",
    package: PACKAGE,
    platforms: ["win_arm64"],
    wheelSha256: "23361cdf98afac352d10aa7d9e0a10ceaeb02d38430fb693c6eff370196db62d",
    file: "onnxruntime/capi/onnxruntime.dll",
    sha256: "d3587771474d96427cc5683fa49440127e928622a5e9df0f3e24209ae1fc42ad",
  },
};

/** Matches the library in a package of any version. */
const LIBRARY =
  /^onnxruntime\/capi\/(libonnxruntime\.so\.[\d.]+|libonnxruntime\.[\d.]+\.dylib|onnxruntime\.dll)$/;

/** Returns the files of a package to unpack: the licences and the library. */
export function wantedFiles(library: PinnedLibrary): readonly Wanted[] {
  const licences = LICENCES.map((name) => ({
    ...{ name, isOptional: true },
    isAt: (path: string) => path === `onnxruntime/${name}`,
  }));
  return [...licences, { name: libraryName(library), isAt: (path) => LIBRARY.test(path) }];
}

/** Returns the name of the unpacked library: without its version. */
export function libraryName({ file }: PinnedLibrary): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return name.replace(/\.so\.[\d.]+$/, ".so").replace(/\.[\d.]+\.dylib$/, ".dylib");
}
