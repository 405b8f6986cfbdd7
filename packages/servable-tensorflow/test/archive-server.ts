import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TarMember, tarGz } from "../../native-library/test/tar.js";
import { archiveFor } from "../src/install/archive.js";

/** The archive of this platform, where it is one that tests can make. */
const known = archiveFor(`${process.platform}-${process.arch}`);
export const archive = known?.name.endsWith(".tar.gz") ? known : undefined;

export const skipReason = archive
  ? ""
  : " [skipped: there is no .tar.gz of TensorFlow for this platform]";

/** A version that is not the one whose checksum is pinned. */
export const VERSION = "1.2.3";

/** The contents of the libraries of an archive. */
export const contentOf = (name: string) => `library ${name} `.repeat(20_000);

/** An archive as the official ones are: with headers, links, and the whole version in names. */
export function makeArchive(names = archive?.libraries.map(({ name }) => name) ?? []): Buffer {
  const members: Record<string, TarMember> = {
    "./include/tensorflow/c/c_api.h": { content: "// a header" },
    "./LICENSE": { content: "Apache" },
    "./THIRD_PARTY_TF_C_LICENSES": { content: "many" },
  };
  for (const name of names) {
    const full = name.endsWith(".dylib")
      ? name.replace(".2.dylib", `.${VERSION}.dylib`)
      : name.replace(".so.2", `.so.${VERSION}`);
    members[`./lib/${full}`] = { content: contentOf(name) };
    members[`./lib/${name}`] = { link: full };
  }
  return tarGz(members);
}

/** A server with one archive. */
export interface ArchiveServer extends AsyncDisposable {
  /** The option `archives` of `installTensorFlow`. */
  readonly archives: string;
  /** `GET` or `GET bytes=7-`, by request. */
  readonly requests: string[];
  /** The next answer with content ends after so many bytes of it. */
  cutAt: number | undefined;
}

/** Options for a server. */
export interface ArchiveServerOptions {
  readonly content?: Buffer;
  readonly status?: number;
}

/** The SHA-256 of an archive. */
export const sha256Of = (content: Buffer = makeArchive()): string =>
  createHash("sha256").update(content).digest("hex");

/** Serves the archive of `VERSION`, with ranges. */
export async function serveArchive(options: ArchiveServerOptions = {}): Promise<ArchiveServer> {
  const { content = makeArchive(), status = 200 } = options;
  const server = createServer(({ method, url, headers: { range } }, response) => {
    served.requests.push([method, range].filter(Boolean).join(" "));
    if (status !== 200 || !url?.endsWith(`/${archive?.name}`)) {
      return response.writeHead(status === 200 ? 404 : status).end("no");
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (start >= content.length) return response.writeHead(416).end();
    response.setHeader("content-length", content.length - start);
    if (start > 0) {
      response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
      response.statusCode = 206;
    }
    const { cutAt } = served;
    if (cutAt === undefined) return response.end(content.subarray(start));
    served.cutAt = undefined;
    return response.write(content.subarray(start, cutAt), () =>
      setImmediate(() => response.destroy()),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const served: ArchiveServer = {
    archives: `http://127.0.0.1:${port}/versions`,
    requests: [],
    cutAt: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return served;
}
