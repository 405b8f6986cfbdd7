/** The Python package that carries ONNX Runtime for a platform. */
export interface PinnedLibrary {
  /** The version of the package `onnxruntime` whose checksum is known. */
  readonly version: string;
  /** pip's name of the platform. */
  readonly platform: string;
  /** The path of the library in the package. */
  readonly file: string;
  /** SHA-256 of the library. */
  readonly sha256: string;
}

/** The Python whose packages are taken: their libraries do not depend on it. */
export const PYTHON = "3.11";

/** The licences in the package. */
export const LICENCES = ["LICENSE", "ThirdPartyNotices.txt"] as const;

/**
 * The libraries by platform: the newest version, except for macOS on x64, which ends at 1.23.2. There is none for
 * musl.
 */
export const LIBRARIES: Readonly<Record<string, PinnedLibrary>> = {
  "linux-x64": {
    version: "1.32.0",
    platform: "manylinux_2_28_x86_64",
    file: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
  },
  "linux-arm64": {
    version: "1.32.0",
    platform: "manylinux_2_28_aarch64",
    file: "onnxruntime/capi/libonnxruntime.so.1.32.0",
    sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
  },
  "darwin-arm64": {
    version: "1.32.0",
    platform: "macosx_14_0_arm64",
    file: "onnxruntime/capi/libonnxruntime.1.32.0.dylib",
    sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
  },
  "darwin-x64": {
    version: "1.23.2",
    platform: "macosx_13_0_x86_64",
    file: "onnxruntime/capi/libonnxruntime.1.23.2.dylib",
    sha256: "8330f6d9d53f81d564c88de6520113b25db9537872e70a0fb7942fea202f08b1",
  },
  "win32-x64": {
    version: "1.32.0",
    platform: "win_amd64",
    file: "onnxruntime/capi/onnxruntime.dll",
    sha256: "e9feebaed867b76f741c14ae64e056a3da64a153a61994f1fb48eadc7f9b3ba8",
  },
  "win32-arm64": {
    version: "1.32.0",
    platform: "win_arm64",
    file: "onnxruntime/capi/onnxruntime.dll",
    sha256: "d3587771474d96427cc5683fa49440127e928622a5e9df0f3e24209ae1fc42ad",
  },
};

/** The name of a library outside of its package: without its version. */
export function libraryName({ file }: PinnedLibrary): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return name.replace(/\.so\.[\d.]+$/, ".so").replace(/\.[\d.]+\.dylib$/, ".dylib");
}
