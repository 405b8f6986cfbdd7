import type {
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Checksum } from "../checksum.js";
import { errors } from "../errors.js";
import type { ListPage, ListQuery, ObjectStore, ReadQuery } from "../object-store.js";
import { parseStoreUri } from "../store-uri.js";
import { loadSdk, type S3Sdk } from "./load-sdk.js";
import { agentsFor } from "./proxy-agent.js";
import { s3Checksum } from "./s3-checksum.js";
import { s3Error } from "./s3-errors.js";
import { type Environment, S3_PARAMETERS, s3Settings } from "./s3-settings.js";

/** Timeout in ms to open a connection, and for a connection that receives no data. */
const CONNECT_MS = 5_000;
const SILENCE_MS = 60_000;

/** Maximum attempts of the client per request. */
const ATTEMPTS = 3;

const ignore = () => {};
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * Opens the bucket of an `s3://` URI with the vendor's client and its credential chain.
 *
 * @throws ServingError FAILED_PRECONDITION / STORE_CLIENT_MISSING; TypeError for invalid settings.
 */
export async function openS3(
  uri: string,
  environment: Environment = process.env,
): Promise<ObjectStore> {
  const parsed = parseStoreUri(uri, S3_PARAMETERS);
  const { endpoint, region, forcePathStyle } = s3Settings(parsed, environment);
  const sdk = await loadSdk();
  const shown = endpoint ?? `https://s3.${region ?? "aws"}.amazonaws.com`;
  const client = new sdk.S3Client({
    ...(endpoint && { endpoint }),
    ...(region && { region }),
    ...{ forcePathStyle, maxAttempts: ATTEMPTS, followRegionRedirects: true, logger: SILENT },
    // Files are verified after they are written to the disk.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      ...agentsFor(shown, environment),
      ...{ connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS, logger: SILENT },
    },
  });
  withDates(client);
  return new S3Store(sdk, client, parsed.bucket, `${shown.replace(/\/+$/, "")}/${parsed.bucket}`);
}

/** The objects of a bucket in S3 or an S3-compatible store. Contract: `ObjectStore`. */
class S3Store implements ObjectStore {
  readonly id: string;
  readonly #sdk: S3Sdk;
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(sdk: S3Sdk, client: S3Client, bucket: string, id: string) {
    this.id = id;
    this.#sdk = sdk;
    this.#client = client;
    this.#bucket = bucket;
  }

  async *list({ prefix, delimiter, signal }: ListQuery): AsyncGenerator<ListPage> {
    const { ListObjectsV2Command } = this.#sdk;
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...{ Bucket: this.#bucket, Prefix: prefix },
        ...(delimiter && { Delimiter: delimiter }),
        ...(token && { ContinuationToken: token }),
      });
      const output = await this.#send(prefix, signal, () =>
        this.#client.send(command, { abortSignal: signal }),
      );
      token = output.IsTruncated ? output.NextContinuationToken : undefined;
      yield pageOf(output, token !== undefined);
    } while (token !== undefined);
  }

  async read(key: string, query: ReadQuery): Promise<AsyncIterable<Uint8Array>> {
    const { ifMatch, offset = 0, length, signal } = query;
    const isWhole = offset === 0 && length === undefined;
    const end = length === undefined ? "" : offset + length - 1;
    const command = new this.#sdk.GetObjectCommand({
      ...{ Bucket: this.#bucket, Key: key, IfMatch: ifMatch },
      ...(!isWhole && { Range: `bytes=${offset}-${end}` }),
    });
    const output = await this.#send(key, signal, () =>
      this.#client.send(command, { abortSignal: signal }),
    );
    const body = output.Body as Body;
    try {
      this.#checkTag(key, ifMatch, output.ETag);
      if (offset > 0 && output.ContentRange?.startsWith(`bytes ${offset}-`) === false) {
        throw errors.storeUnavailable(this.#uri(key), "it returned another range");
      }
    } catch (error) {
      body.destroy();
      throw error;
    }
    return this.#bytes(key, body, signal);
  }

  async checksum(
    key: string,
    { ifMatch, signal }: Pick<ReadQuery, "ifMatch" | "signal">,
  ): Promise<Checksum | undefined> {
    const head = await this.#head(key, ifMatch, signal);
    const found = s3Checksum(head);
    if (found === undefined) return undefined;
    const { algorithm, hex, partCount } = found;
    if (partCount === 0) return { algorithm, hex };
    const { ContentLength: partBytes = 0 } = await this.#head(key, ifMatch, signal, 1);
    const size = head.ContentLength ?? 0;
    // Parts of different sizes cannot be located without the size of each part.
    const isEven = (partCount - 1) * partBytes < size && size <= partCount * partBytes;
    return isEven ? { algorithm, hex, partBytes } : undefined;
  }

  async #head(
    key: string,
    ifMatch: string,
    signal: AbortSignal,
    part?: number,
  ): Promise<HeadObjectCommandOutput> {
    const input: HeadObjectCommandInput = {
      ...{ Bucket: this.#bucket, Key: key, IfMatch: ifMatch, ChecksumMode: "ENABLED" },
      ...(part && { PartNumber: part }),
    };
    const command = new this.#sdk.HeadObjectCommand(input);
    const head = await this.#send(key, signal, () =>
      this.#client.send(command, { abortSignal: signal }),
    );
    this.#checkTag(key, ifMatch, head.ETag);
    return head;
  }

  /** Not all S3-compatible stores support `If-Match`. */
  #checkTag(key: string, expected: string, got: string | undefined): void {
    if (got !== undefined && got !== expected) throw errors.objectChanged(this.#uri(key));
  }

  /** Yields the bytes of a body. Destroys the body at the end, on abort, and on an early return. */
  async *#bytes(key: string, body: Body, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const abort = () => body.destroy(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      if (signal.aborted) abort();
      yield* body;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw s3Error(this.#uri(key), error);
    } finally {
      signal.removeEventListener("abort", abort);
      body.destroy();
    }
  }

  async #send<T>(key: string, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw s3Error(this.#uri(key), error);
    }
  }

  #uri(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }
}

type Body = NonNullable<GetObjectCommandOutput["Body"]> &
  NodeJS.ReadableStream & {
    destroy(error?: Error): void;
  } & AsyncIterable<Uint8Array>;

/** Stores the `Date` of responses, relative to which the age of an object is computed. */
function withDates(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = (result.response ?? {}) as { readonly headers?: Record<string, string> };
      Object.assign(result.output.$metadata, { date: headers?.date });
      return result;
    },
    { step: "initialize", name: "dates" },
  );
}

function serverTimeOf({ $metadata }: ListObjectsV2CommandOutput) {
  const { date = "" } = $metadata as { readonly date?: string };
  const serverTimeMs = Date.parse(date);
  return Number.isNaN(serverTimeMs) ? {} : { serverTimeMs };
}

function pageOf(output: ListObjectsV2CommandOutput, isTruncated: boolean): ListPage {
  const objects = (output.Contents ?? []).flatMap(({ Key, Size = 0, ETag = "", LastModified }) => {
    if (Key === undefined) return [];
    const modified = LastModified ? { modifiedMs: LastModified.getTime() } : {};
    return [{ key: Key, sizeBytes: Size, tag: ETag, ...modified }];
  });
  const prefixes = (output.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []);
  return { objects, prefixes, isTruncated, ...serverTimeOf(output) };
}
