/**
 * The local files of one version, as a source emits them and a platform loads them.
 *
 * Core never opens the path. The type is in core because sources and platforms share it and do not import each other.
 */
export interface StoragePath {
  /** The absolute path of the version's directory, or of its only file. */
  readonly path: string;
  /** Total size in bytes of the files below `path`, if the source knows it. */
  readonly sizeBytes?: number;
  /** The findings of the completeness check (`CompleteFiles.found`), such as the platform of the files. */
  readonly found?: unknown;
  /** Options of this version for its platform, in addition to the platform's own options. */
  readonly options?: Readonly<Record<string, unknown>>;
}
