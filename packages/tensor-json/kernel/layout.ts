// The addresses of the kernel's one memory of 16 pages. The entry exports them: JavaScript and the script that makes
// the tables read them from there. There is no heap.

/** Five i32: why a call ended, how many numbers it did, where the row stands, how many rows ended, the cursor. */
export const STATE: usize = 0x40;

// Tables, without gaps: scripts/kernel-tables.ts makes them.
/** [position of the point 0..16][length 0..16] of 16 lanes: moves the digits to the end, without the point. */
export const SHUFFLES: usize = 0x1000;
/** f64 10^(i - 64), i 0..128. */
export const POWERS: usize = 0x2210;
/** u64 10^0 to 10^18. */
export const INTEGER_POWERS: usize = 0x2620;
/** u64 floor((2^63 - 1) / 10^i) - 1. */
export const LIMITS: usize = 0x26c0;
/** u64 high, low of 5^q with its highest bit first, q -342..308. */
export const FIVES: usize = 0x2760;
// Vector constants are loaded: V8 builds a v128.const from general registers each time.
export const COMMAS: usize = 0x5010;
export const CLOSES: usize = 0x5020;
export const SPACES: usize = 0x5030;
export const ZEROS: usize = 0x5040;
/** "." - "0". */
export const DOTS: usize = 0x5050;
export const NINES: usize = 0x5060;
/** i16 10, 1 in bytes: pairs of digits. */
export const PAIRS: usize = 0x5070;
/** i16 100, 1. */
export const HUNDREDS: usize = 0x5080;
/** i16 10000, 1. */
export const TEN_THOUSANDS: usize = 0x5090;
/** i8 floor(log10 2^(i - 127)), i 0..255. */
export const DECIMAL_EXPONENTS: usize = 0x50a0;
/** [decimal exponent + 4] of 16 lanes: places nine digits, the point and zeros. */
export const PLACES: usize = 0x51a0;

/** Ends of tokens in the window, u32 each: at most 32,769, and what is written beyond them. */
export const INDEX: usize = 0x10000;
/** The window of text: at most 64 KiB, and 64 bytes of zeros after it. */
export const WINDOW: usize = 0x30040;
export const WINDOW_BYTES: usize = 0x10000;
/** The numbers of a window: at most 32,768, of 8 bytes each. */
export const NUMBERS: usize = 0x41000;
export const NUMBERS_BYTES: usize = 0x40000;
/** The text of numbers that are written. */
export const TEXT: usize = 0x81000;
export const TEXT_BYTES: usize = 0x7f000;

// Reasons why a call ended.
/** Reading: the run has ended. Writing: all numbers are written. */
export const DONE: i32 = 0;
/** JavaScript must read or write the next number. */
export const HARD: i32 = 1;
/** The next number ends outside of the window. */
export const EXHAUSTED: i32 = 2;
