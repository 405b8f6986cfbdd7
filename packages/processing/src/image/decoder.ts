import { importLibrary } from "../import-library.js";

/** The facts in an image's header that `image` reads. */
export interface DecodedHeader {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** The height of one frame of an animation. */
  readonly pageHeight?: number | undefined;
  /** 1 to 8 as in EXIF: from 5, width and height are swapped. */
  readonly orientation?: number | undefined;
}

/** The part of sharp that this package uses, so that sharp's types are not needed to compile against this package. */
interface SharpPicture {
  rotate(): SharpPicture;
  toColourspace(name: string): SharpPicture;
  removeAlpha(): SharpPicture;
  raw(options: { readonly depth: "uchar" }): SharpPicture;
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{
    readonly data: Uint8Array;
    readonly info: { readonly width: number; readonly height: number; readonly channels: number };
  }>;
  metadata(): Promise<DecodedHeader>;
}

/** sharp: creates an image from bytes. */
export interface Sharp {
  (
    bytes: Uint8Array,
    options: {
      readonly limitInputPixels: number | boolean;
      readonly failOn: "error";
      readonly pages: 1;
      readonly ignoreIcc: true;
    },
  ): SharpPicture;
  /** Returns the number of threads per image; with an argument, sets it for the process. */
  concurrency(threads?: number): number;
}

let loading: Promise<Sharp> | undefined;

/**
 * Imports sharp for the first image.
 *
 * @throws ServingError FAILED_PRECONDITION / PROCESSING_LIBRARY_MISSING.
 */
export function loadSharp(): Promise<Sharp> {
  loading ??= importLibrary("sharp", "reading pictures", () => import("sharp"))
    .then((module) => module.default as unknown as Sharp)
    .catch((error) => {
      loading = undefined;
      throw error;
    });
  return loading;
}
