import type { NativeExecutor } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { ModelFile } from "../model-description.js";
import type { Tflite } from "./library.js";
import { counts } from "./native-counts.js";

/** A TfLiteModel with its bytes. The bytes are a private copy, so they cannot be truncated like a file. */
export class NativeModel {
  readonly tflite: Tflite;
  readonly executor: NativeExecutor;
  /** The origin of the bytes, for messages. */
  readonly path: string;
  readonly file: ModelFile;
  readonly pointer: bigint;
  /** Kept until modelDelete. */
  #bytes: Uint8Array | undefined;

  constructor(
    tflite: Tflite,
    executor: NativeExecutor,
    { path, file, bytes }: { path: string; file: ModelFile; bytes: Uint8Array },
  ) {
    const pointer = tflite.bindings.modelCreate(bytes, bytes.byteLength);
    if (pointer === null) throw errors.modelRefused(path, describe(tflite), "");
    counts.models++;
    this.tflite = tflite;
    this.executor = executor;
    this.path = path;
    this.file = file;
    this.pointer = pointer;
    this.#bytes = bytes;
  }

  /** The library's name for messages. */
  get libraryName(): string {
    return describe(this.tflite);
  }

  /** Frees the model. All its interpreters must be deleted. Idempotent. */
  close(): void {
    if (this.#bytes === undefined) return;
    this.#bytes = undefined;
    this.tflite.bindings.modelDelete(this.pointer);
    counts.models--;
  }
}

const describe = ({ library }: Tflite) => `${library.name} ${library.version}`;
