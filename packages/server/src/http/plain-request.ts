/**
 * A request of HTTP/1.1 that needs nothing special: GET without a body, or POST with a `Content-Length`, to a path of
 * this server, with each header once, and none that concerns the connection or the transfer.
 */
export interface PlainRequest {
  readonly method: "GET" | "POST";
  /** The path with its query, as sent. */
  readonly target: string;
  /** The headers by lowercase name, as Node returns them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body: a view of the bytes that were parsed. */
  readonly body: Buffer;
}

/** Maximum size of a plain request in bytes: Node reads at most as much from a socket at once. */
export const MAX_PLAIN_BYTES = 65_536;

const MAX_HEAD_BYTES = 8_192;

const REQUEST_LINE = /(GET|POST) (\/[\w.~!$&'()*+,;=:@%/?-]*) HTTP\/1\.1\r\n/y;

/**
 * One header, in linear time: each repetition can match in one way. A value with a space at its end, a folded one and one with a control character do not
 * match.
 */
const HEADER =
  /([\w!#$%&'*+.^`|~-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)\r\n/y;

/** The headers that only node:http handles. */
const SPECIAL: ReadonlySet<string> = new Set([
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The request line and the headers of a request. */
interface Head extends Omit<PlainRequest, "body"> {
  /** The length of the body. */
  readonly length: number;
  /** The position of the body. */
  readonly start: number;
  /** For POST: the bytes on both sides of the digits of `Content-Length`. */
  readonly around?: { readonly before: Buffer; readonly after: Buffer };
}

/**
 * Parses the requests of one connection.
 *
 * Most clients repeat their request line and headers, except for the length. Such a head is compared with the last one
 * instead of being parsed.
 */
export class PlainRequests {
  #last: Head | undefined;

  /**
   * Parses the bytes that were received since the last request. Returns `incomplete` if they are a plain request whose
   * body is still arriving, and `other` if node:http must parse them, because they are not exactly one plain request.
   * Accepts nothing that node:http rejects.
   */
  parse(bytes: Buffer): PlainRequest | "incomplete" | "other" {
    const head = repeatedHead(bytes, this.#last) ?? parseHead(bytes);
    if (head === undefined) return "other";
    this.#last = head;
    const { method, target, headers, start, length } = head;
    const end = start + length;
    if (end > MAX_PLAIN_BYTES || bytes.length > end) return "other";
    if (bytes.length < end) return "incomplete";
    return { method, target, headers, body: bytes.subarray(start, end) };
  }
}

/** Returns the head of a request if it is the last one, with any length. */
function repeatedHead(bytes: Buffer, last: Head | undefined): Head | undefined {
  if (last?.around === undefined) return undefined;
  const { before, after } = last.around;
  if (!hasAt(bytes, before, 0)) return undefined;
  let at = before.length;
  let length = 0;
  for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at)) {
    length = 10 * length + digit;
  }
  const text = String(length);
  if (text.length !== at - before.length || !LENGTH.test(text)) return undefined;
  if (!hasAt(bytes, after, at)) return undefined;
  if (length === last.length) return last;
  const headers = Object.freeze({ ...last.headers, "content-length": text });
  return { ...last, headers, length, start: at + after.length };
}

const hasAt = (bytes: Buffer, part: Buffer, at: number): boolean =>
  bytes.length >= at + part.length &&
  bytes.compare(part, 0, part.length, at, at + part.length) === 0;

/** Returns the value of a digit, or -1. */
function digitAt(bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - 48;
  return digit <= 9 ? digit : -1;
}

function parseHead(bytes: Buffer): Head | undefined {
  const text = bytes.toString("latin1", 0, MAX_HEAD_BYTES);
  REQUEST_LINE.lastIndex = 0;
  const line = REQUEST_LINE.exec(text);
  if (line === null) return undefined;
  const headers: Record<string, string> = {};
  let at = REQUEST_LINE.lastIndex;
  let lengthEnd = 0;
  while (text.charCodeAt(at) !== CR) {
    HEADER.lastIndex = at;
    const header = HEADER.exec(text);
    if (header === null) return undefined;
    const name = (header[1] as string).toLowerCase();
    // True for a repeated header, and for the name of a property that all objects have.
    if (name in headers || SPECIAL.has(name)) return undefined;
    headers[name] = header[2] as string;
    at = HEADER.lastIndex;
    if (name === "content-length") lengthEnd = at - 2;
  }
  if (text.charCodeAt(at + 1) !== LF) return undefined;
  const { connection = "keep-alive", "content-length": length } = headers;
  if (connection.toLowerCase() !== "keep-alive") return undefined;
  const method = line[1] as PlainRequest["method"];
  const target = line[2] as string;
  const start = at + 2;
  if (method === "GET") {
    return length === undefined
      ? { method, target, headers: Object.freeze(headers), length: 0, start }
      : undefined;
  }
  if (length === undefined || !LENGTH.test(length)) return undefined;
  // Copies: a view would keep the body.
  const before = Buffer.from(bytes.subarray(0, lengthEnd - length.length));
  const after = Buffer.from(bytes.subarray(lengthEnd, start));
  const around = { before, after };
  return { method, target, headers: Object.freeze(headers), length: Number(length), start, around };
}

/** At most `MAX_PLAIN_BYTES`, without leading zeros. */
const LENGTH = /^(0|[1-9]\d{0,4})$/;

const CR = 13;
const LF = 10;
