/**
 * Where the files of one version are: what a storage source emits and a platform loads from.
 *
 * Core never opens it; the type stands here because sources and platforms share it and import
 * nothing of each other.
 */
export interface StoragePath {
  /** The absolute path of the version's directory (or of its one file). */
  readonly path: string;
  /** The size in bytes of everything below `path`, where the source knows it. */
  readonly sizeBytes?: number;
  /** The findings of the check of completeness (`CompleteFiles.found`), such as the platform of the files. */
  readonly found?: unknown;
  /** Options of this version for its platform, in addition to those that the platform was made with. */
  readonly options?: Readonly<Record<string, unknown>>;
}
