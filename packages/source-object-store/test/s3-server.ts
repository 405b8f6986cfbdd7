import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
  readonly crc: string;
}

const ACCESS_KEY = "AKIATESTTESTTESTTEST";

/** A key and a certificate as PEM texts. */
interface KeyPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** The environment of a client of the server. */
export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: "a-secret-of-the-tests",
};

/** A small server of S3's protocol, as far as models need it: one bucket in memory, for tests. */
export class S3Server implements AsyncDisposable {
  /** The number of objects and prefixes per page. */
  pageSize = 1_000;
  /** True if `HEAD` has checksums. */
  hasChecksums = true;
  /** The access key that is accepted. */
  accessKey = ACCESS_KEY;
  /** The requests so far, such as `LIST models/` and `GET models/1/a`. */
  readonly requests: string[] = [];
  readonly bucket = "bucket";
  readonly #objects = new Map<string, StoredObject>();
  readonly #server: Server;
  readonly #origin: string;

  private constructor(tls: KeyPair | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    this.#server = tls ? createSecureServer(tls, answer) : createServer(answer);
    this.#origin = tls ? "https://localhost" : "http://127.0.0.1";
  }

  /** Starts a server on a free port, over TLS if it has a key and a certificate of localhost. */
  static async start(tls?: KeyPair): Promise<S3Server> {
    const server = new S3Server(tls);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `${this.#origin}:${this.port}`;
  }

  put(key: string, content: string | Uint8Array, modified = new Date(0)): void {
    const bytes = Buffer.from(content as Uint8Array);
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(bytes));
    this.#objects.set(key, { bytes, etag, modified, crc: crc.toString("base64") });
  }

  /** Removes an object, or with a slash at the end all below a prefix. */
  remove(key: string): void {
    for (const each of [...this.#objects.keys()]) {
      if (each === key || (key.endsWith("/") && each.startsWith(key))) this.#objects.delete(each);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", this.endpoint);
    const [, bucket = "", ...rest] = decodeURIComponent(url.pathname).split("/");
    const key = rest.join("/");
    const isList = url.searchParams.has("list-type");
    this.requests.push(
      isList ? `LIST ${url.searchParams.get("prefix")}` : `${request.method} ${key}`,
    );
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!request.headers.authorization?.includes(`Credential=${this.accessKey}/`)) {
      return refuse(response, 403, "InvalidAccessKeyId", "The key is not known.");
    }
    if (bucket !== this.bucket) return refuse(response, 404, "NoSuchBucket", "No such bucket.");
    if (isList) return this.#list(url.searchParams, response);
    if (request.method === "PUT") {
      this.put(key, Buffer.concat(chunks), new Date());
      response.writeHead(200, { etag: this.#objects.get(key)?.etag }).end();
      return;
    }
    this.#get(key, request, response);
  }

  #get(key: string, { method, headers }: IncomingMessage, response: ServerResponse): void {
    const object = this.#objects.get(key);
    if (object === undefined) {
      refuse(response, 404, "NoSuchKey", "No such key.");
      return;
    }
    const { bytes, etag, crc, modified } = object;
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag) {
      refuse(response, 412, "PreconditionFailed", "If-Match did not hold.");
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = to ? Math.min(Number(to), bytes.length - 1) : bytes.length - 1;
    const withChecksum = headers["x-amz-checksum-mode"] === "ENABLED" && this.hasChecksums;
    response.writeHead(from === undefined ? 200 : 206, {
      ...{ etag, "last-modified": modified.toUTCString(), "accept-ranges": "bytes" },
      "content-length": end - start + 1,
      ...(from !== undefined && { "content-range": `bytes ${start}-${end}/${bytes.length}` }),
      ...(withChecksum && { "x-amz-checksum-crc32": crc, "x-amz-checksum-type": "FULL_OBJECT" }),
    });
    response.end(method === "HEAD" ? undefined : bytes.subarray(start, end + 1));
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter");
    const after = query.get("continuation-token") ?? "";
    const cut = (key: string) => {
      const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      return at < 0 ? key : key.slice(0, at + 1);
    };
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).map(cut);
    const names = [...new Set(keys)].sort().filter((name) => name > after);
    const page = names.slice(0, this.pageSize);
    const isTruncated = names.length > page.length;
    const entries = page.map((name) => {
      const object = this.#objects.get(name);
      if (delimiter && name.indexOf(delimiter, prefix.length) >= 0) {
        return `<CommonPrefixes><Prefix>${escaped(name)}</Prefix></CommonPrefixes>`;
      }
      return `<Contents><Key>${escaped(name)}</Key><LastModified>${object?.modified.toISOString()}</LastModified><ETag>${escaped(object?.etag ?? "")}</ETag><Size>${object?.bytes.length}</Size></Contents>`;
    });
    const token = isTruncated
      ? `<NextContinuationToken>${escaped(page.at(-1) ?? "")}</NextContinuationToken>`
      : "";
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${token}${entries.join("")}</ListBucketResult>`,
    );
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  );
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
