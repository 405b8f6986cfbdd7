/** An official archive of TensorFlow's C library, for one platform. */
export interface Archive {
  /** Its file name, the same for all versions. */
  readonly name: string;
  /** The default version: the last one that has archives. */
  readonly version: string;
  /** SHA-256 of that version's archive. Google does not publish a checksum; distributions pin this one. */
  readonly sha256: string;
  /** The required libraries in the archive, the main one last. */
  readonly libraries: readonly ArchivedLibrary[];
}

/** A library in an archive. */
export interface ArchivedLibrary {
  /** The path in the archive; the file name includes the full version. */
  readonly path: RegExp;
  /** The name of the unpacked file, which is the name that programs look for. */
  readonly name: string;
}

/** URL of the archives: `<folder>/<version>/<name>` (https://www.tensorflow.org/install/lang_c). */
export const ARCHIVES = "https://storage.googleapis.com/tensorflow/versions";

const archives: Readonly<Record<string, Archive>> = {
  "linux-x64": {
    name: "libtensorflow-cpu-linux-x86_64.tar.gz",
    version: "2.18.0",
    sha256: "605bfcb370c7e7ec981eabada880f60784e3de018395be95c95c3e5592c3d9a2",
    libraries: [
      {
        path: /^(\.\/)?lib\/libtensorflow_framework\.so(\.\d+)*$/,
        name: "libtensorflow_framework.so.2",
      },
      { path: /^(\.\/)?lib\/libtensorflow\.so(\.\d+)*$/, name: "libtensorflow.so.2" },
    ],
  },
  "darwin-arm64": {
    name: "libtensorflow-cpu-darwin-arm64.tar.gz",
    version: "2.18.0",
    sha256: "462257d2792730dcb131fcf21bc826192ae5a2c418535f6347d051f10fc8be8a",
    libraries: [
      {
        path: /^(\.\/)?lib\/libtensorflow_framework(\.\d+)*\.dylib$/,
        name: "libtensorflow_framework.2.dylib",
      },
      { path: /^(\.\/)?lib\/libtensorflow(\.\d+)*\.dylib$/, name: "libtensorflow.2.dylib" },
    ],
  },
  "win32-x64": {
    name: "libtensorflow-cpu-windows-x86_64.zip",
    version: "2.18.1",
    sha256: "28acdcea6c6b34828cf0e95e67802b0f3577d51bc2e8915de811b7aa0b04452d",
    libraries: [{ path: /^(\.\/)?lib\/tensorflow\.dll$/, name: "tensorflow.dll" }],
  },
};

/** The files in an archive with the licences of the libraries. */
export const ARCHIVED_LICENSE = /^(\.\/)?THIRD_PARTY_TF_C_LICENSES$/;

/** Returns the archive for a platform such as `linux-x64`; undefined if there is none. */
export function archiveFor(platform: string): Archive | undefined {
  return Object.hasOwn(archives, platform) ? archives[platform] : undefined;
}
