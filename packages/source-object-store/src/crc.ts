/** Castagnoli's polynomial, bits reversed. */
const CRC32C = 0x82f63b78;
/** NVMe's polynomial, bits reversed: the high and the low half. */
const CRC64_HIGH = 0x9a6c9329;
const CRC64_LOW = 0xac4bc9b5;

/** Eight tables of 256: table k continues a checksum by k more bytes of zeros. */
const TABLES = 8;

let tables32c: Uint32Array | undefined;
let tables64: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

/**
 * Computes the CRC-32C of bytes, continued from that of the preceding bytes (0 for none). Processes eight bytes per
 * step.
 */
export function crc32c(bytes: Uint8Array, before: number): number {
  tables32c ??= makeTables32();
  const t = tables32c;
  let crc = ~before;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const low = crc ^ word(bytes, i);
    const high = word(bytes, i + 4);
    crc =
      entry(t, 7, low) ^ entry(t, 6, low >>> 8) ^ entry(t, 5, low >>> 16) ^ entry(t, 4, low >>> 24);
    crc ^= entry(t, 3, high) ^ entry(t, 2, high >>> 8) ^ entry(t, 1, high >>> 16);
    crc ^= entry(t, 0, high >>> 24);
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ entry(t, 0, crc ^ (bytes[i] as number));
  return ~crc >>> 0;
}

/** Computes the CRC-64/NVME of bytes, continued from that of the preceding bytes (0n for none). */
export function crc64Nvme(bytes: Uint8Array, before: bigint): bigint {
  tables64 ??= makeTables64();
  const { high: h, low: l } = tables64;
  let high = ~Number(before >> 32n);
  let low = ~Number(before & 0xffffffffn);
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const a = low ^ word(bytes, i);
    const b = high ^ word(bytes, i + 4);
    low = step(l, a, b);
    high = step(h, a, b);
  }
  for (; i < bytes.length; i++) {
    const at = (low ^ (bytes[i] as number)) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (l[at] as number);
    high = (high >>> 8) ^ (h[at] as number);
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0);
}

const entry = (t: Uint32Array, k: number, byte: number) => t[k * 256 + (byte & 0xff)] as number;

const word = (b: Uint8Array, i: number) =>
  (b[i] as number) |
  ((b[i + 1] as number) << 8) |
  ((b[i + 2] as number) << 16) |
  ((b[i + 3] as number) << 24);

/** Computes one half of a 64-bit checksum after eight bytes; `a` has the first four. */
function step(t: Uint32Array, a: number, b: number): number {
  const first =
    entry(t, 7, a) ^ entry(t, 6, a >>> 8) ^ entry(t, 5, a >>> 16) ^ entry(t, 4, a >>> 24);
  return (
    first ^ entry(t, 3, b) ^ entry(t, 2, b >>> 8) ^ entry(t, 1, b >>> 16) ^ entry(t, 0, b >>> 24)
  );
}

function makeTables32(): Uint32Array {
  const t = new Uint32Array(TABLES * 256);
  for (let n = 0; n < 256; n++) {
    let crc = n;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C : crc >>> 1;
    t[n] = crc;
  }
  for (let n = 256; n < t.length; n++) {
    const before = t[n - 256] as number;
    t[n] = (before >>> 8) ^ entry(t, 0, before);
  }
  return t;
}

function makeTables64() {
  const high = new Uint32Array(TABLES * 256);
  const low = new Uint32Array(TABLES * 256);
  for (let n = 0; n < 256; n++) {
    let [h, l] = [0, n];
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) [h, l] = [h ^ CRC64_HIGH, l ^ CRC64_LOW];
    }
    high[n] = h;
    low[n] = l;
  }
  for (let n = 256; n < high.length; n++) {
    const [h, l] = [high[n - 256] as number, low[n - 256] as number];
    low[n] = ((l >>> 8) | (h << 24)) ^ (low[l & 0xff] as number);
    high[n] = (h >>> 8) ^ (high[l & 0xff] as number);
  }
  return { high, low };
}
