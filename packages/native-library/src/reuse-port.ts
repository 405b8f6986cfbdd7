import { constants } from "node:os";
import { loadKoffi } from "./koffi.js";
import type { NativeFunction } from "./native-function.js";

/** The address to bind a socket to. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address; `::` accepts IPv4 as well. */
  readonly host: string;
  readonly port: number;
}

/** Linux's numbers, from its generic headers; they hold for every architecture that Node 20 runs on. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 0x1 | 0x800 | 0x80000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** Bytes of `sockaddr_in` and `sockaddr_in6`, and the offset of the address in them. */
const SOCKADDR_IN = { size: 16, addressAt: 4 };
const SOCKADDR_IN6 = { size: 28, addressAt: 8 };

/** True if this system supports `reusePortSocket`: only Linux does. */
export const canReusePort = process.platform === "linux";

/**
 * Makes a TCP socket that is bound to an address with SO_REUSEPORT, and returns its file descriptor, for
 * `server.listen({ fd })` in any thread. Several such sockets share a port, and the kernel spreads connections over
 * those that listen (socket(7)). From Node 22.12 on, `listen({ reusePort: true })` does the same.
 *
 * The descriptor belongs to the caller, and to the server once it listens.
 *
 * @throws an Error with Node's `code`, such as EADDRINUSE if a socket that does not share the port has taken it, or
 * EINVAL for a host that is not an IP address.
 */
export function reusePortSocket({ host, port }: SocketAddress): number {
  const { socket, setsockopt, bind, close } = openLibc();
  const isIPv6 = host.includes(":");
  const address = socketAddress(host, port, isIPv6);
  const family = isIPv6 ? AF_INET6 : AF_INET;
  const fd = check("socket", socket(family, SOCK_STREAM_NONBLOCK_CLOEXEC, 0));
  const set = (level: number, option: number, value: number) => {
    const bytes = Buffer.from(Int32Array.of(value).buffer);
    check("setsockopt", setsockopt(fd, level, option, bytes, bytes.length));
  };
  try {
    set(SOL_SOCKET, SO_REUSEADDR, 1);
    set(SOL_SOCKET, SO_REUSEPORT, 1);
    if (isIPv6) set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    check("bind", bind(fd, address, address.length));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

interface Libc {
  readonly socket: NativeFunction;
  readonly setsockopt: NativeFunction;
  readonly bind: NativeFunction;
  readonly close: NativeFunction;
  readonly inetPton: NativeFunction;
}

let libc: Libc | undefined;

function openLibc(): Libc {
  if (libc === undefined) {
    const handle = loadKoffi().load(null);
    const declare = (name: string, args: string[]) =>
      handle.func(name, "int", args) as NativeFunction;
    libc = {
      socket: declare("socket", ["int", "int", "int"]),
      setsockopt: declare("setsockopt", ["int", "int", "int", "void *", "uint32"]),
      bind: declare("bind", ["int", "void *", "uint32"]),
      close: declare("close", ["int"]),
      inetPton: declare("inet_pton", ["int", "str", "void *"]),
    };
  }
  return libc;
}

/** Returns the `sockaddr` of an address: family in host byte order, port in network byte order (ip(7), ipv6(7)). */
function socketAddress(host: string, port: number, isIPv6: boolean): Buffer {
  const { size, addressAt } = isIPv6 ? SOCKADDR_IN6 : SOCKADDR_IN;
  const family = isIPv6 ? AF_INET6 : AF_INET;
  const address = Buffer.alloc(size);
  address.set(Buffer.from(Uint16Array.of(family).buffer));
  address.writeUInt16BE(port, 2);
  if (openLibc().inetPton(family, host, address.subarray(addressAt)) !== 1) {
    throw Object.assign(new Error(`bind EINVAL: expected an IP address; got ${host}`), {
      code: "EINVAL",
      syscall: "bind",
    });
  }
  return address;
}

function check(syscall: string, result: number): number {
  if (result >= 0) return result;
  const errno = loadKoffi().errno();
  const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0];
  throw Object.assign(new Error(`${syscall} ${code ?? errno}`), { code, errno: -errno, syscall });
}
