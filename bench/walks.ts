/**
 * Prints the walks of ARCHITECTURE.md: the functions from a socket to the native call, and from a directory to an
 * available version, with the lines of the longest function among them. `--write` puts them into the page, `--json`
 * prints them as JSON.
 *
 * A walk is the stack at its last function, with the stacks at which its asynchronous parents were started
 * (async_hooks), as far as they are in the packages.
 */
import { createHook, executionAsyncId } from "node:async_hooks";
import { readFileSync, writeFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, credentials } from "@grpc/grpc-js";
import ts from "typescript";
import { ServingMap } from "../packages/core/src/index.js";
import { NativeExecutor } from "../packages/native-library/src/index.js";
import { createModelServer, type ModelServer } from "../packages/serving-kit/src/index.js";
import { field, tensorContent } from "./predict-request.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const METHOD = "/tensorflow.serving.PredictionService/Predict";

/** The origin of an asynchronous operation: the stack, and the operation that was running. */
interface Start {
  readonly frames: readonly NodeJS.CallSite[];
  readonly within: number;
}

/** Records the stack of the next call of a method, with the stacks that its asynchronous parents were started by. */
class Recorder {
  readonly #starts = new Map<number, Start>();
  readonly #hook = createHook({
    init: (id) => this.#starts.set(id, { frames: callSites(), within: executionAsyncId() }),
  });

  /** The functions of the kit from the first to each of `last`, methods that are called while `action` runs. */
  async walks(
    last: readonly (readonly [prototype: object, method: string])[],
    action: () => Promise<unknown>,
  ): Promise<Hop[][]> {
    const walks: Hop[][] = last.map(() => []);
    const restores = last.map(([prototype, method], i) => {
      const original = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
      const record = () => {
        if (walks[i]?.length === 0) walks[i] = this.#hops(callSites(), executionAsyncId());
      };
      Reflect.set(prototype, method, function (this: unknown, ...args: unknown[]) {
        record();
        return original.apply(this, args);
      });
      return () => Reflect.set(prototype, method, original);
    });
    this.#hook.enable();
    try {
      await action();
    } finally {
      this.#hook.disable();
      this.#starts.clear();
      for (const restore of restores) restore();
    }
    return walks.map((walk, i) => [...walk, lastHop(last[i]?.[0], last[i]?.[1] ?? "")]);
  }

  #hops(last: readonly NodeJS.CallSite[], id: number): Hop[] {
    const frames = [...last];
    for (let start = this.#starts.get(id); start; start = this.#starts.get(start.within)) {
      frames.push(...start.frames);
    }
    const hops = frames.flatMap((frame): Hop[] => {
      const file = /packages\/([^?]+)$/.exec(frame.getFileName() ?? "")?.[1];
      if (file === undefined || file.includes("node_modules")) return [];
      return [{ file: file.replace("/src/", "/"), name: nameOf(frame) }];
    });
    // A function that awaits stands once for itself and once for each continuation.
    const walk = hops.reverse();
    return walk.filter((hop, k) => walk.findIndex((other) => isSame(hop, other)) === k);
  }
}

/** The method that a walk ends with. */
function lastHop(prototype: object | undefined, name: string): Hop {
  const file =
    prototype === ServingMap.prototype
      ? "core/serving-map.ts"
      : "native-library/native-executor.ts";
  return { file, name };
}

function callSites(): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error("stack").stack as unknown as NodeJS.CallSite[];
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return sites;
}

function nameOf(frame: NodeJS.CallSite): string {
  const name = frame.getFunctionName() ?? frame.getMethodName() ?? "(closure)";
  return name.replace(/^(async |get )/, "").replace(/^(Object|Function)\./, "");
}

/** One function of a walk. */
interface Hop {
  readonly file: string;
  readonly name: string;
}

const isSame = (a: Hop, b: Hop) => a.file === b.file && a.name === b.name;

async function main(): Promise<void> {
  const models = await mkdtemp(join(tmpdir(), "serving-kit-walks-"));
  const digits = join(root, "examples/models/digits");
  const recorder = new Recorder();
  let server: ModelServer | undefined;
  try {
    await cp(join(digits, "1"), join(models, "digits/1"), { recursive: true });
    // Without batching, which adds the queue of the signature: docs/batching.md.
    const digitsModel = { name: "digits", basePath: join(models, "digits"), batching: false };
    const config = { models: [digitsModel], settleMs: 0 };
    const start = async () => {
      server = await createModelServer(config);
    };
    const [loaded, available] = await recorder.walks(
      [
        [NativeExecutor.prototype, "run"],
        [ServingMap.prototype, "add"],
      ],
      start,
    );
    const running = server as unknown as ModelServer;
    const { port } = await running.listen({ port: 0, host: "127.0.0.1" });
    const body = JSON.stringify({ instances: [readSample(digits)] });
    const url = `http://127.0.0.1:${port}/v1/models/digits:predict`;
    const predict = () => fetch(url, { method: "POST", body }).then((answer) => answer.text());
    for (let i = 0; i < 5; i++) await predict();
    const native = [[NativeExecutor.prototype, "run"]] as const;
    const [rest] = await recorder.walks(native, predict);
    const [grpc] = await recorder.walks(native, await grpcPredict(running, digits));
    report({ rest, grpc, version: fromDirectory(loaded ?? [], available ?? []) });
  } finally {
    await server?.close();
    await rm(models, { recursive: true, force: true });
  }
}

/** The walk from the directory listing through the load to a version that can be acquired. */
function fromDirectory(loaded: readonly Hop[], available: readonly Hop[]): Hop[] {
  const start = loaded.findIndex(({ file }) => file === "source-filesystem/base-path-observer.ts");
  const walk = loaded.slice(start);
  return [...walk, ...available.filter((hop) => !loaded.some((other) => isSame(hop, other)))];
}

function readSample(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, "samples.json"), "utf8"))[0].image;
}

async function grpcPredict(server: ModelServer, digits: string): Promise<() => Promise<unknown>> {
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const image = Float32Array.from((readSample(digits) as number[]).flat(9));
  const spec = field(1, field(1, Buffer.from("digits")));
  const request = Buffer.concat([spec, tensorContent("image", [1, image.length], image)]);
  const same = (bytes: Buffer) => bytes;
  const predict = () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(METHOD, same, same, request, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  for (let i = 0; i < 5; i++) await predict();
  return async () => {
    await predict();
    client.close();
  };
}

/** The lines of the longest function of this name in a file of the packages. */
function linesOf({ file, name }: Hop): number {
  const path = join(root, "packages", file.replace("/", "/src/"));
  const source = ts.createSourceFile(
    path,
    readFileSync(path, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  let longest = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && nameIn(node) === name) {
      const line = (at: number) => source.getLineAndCharacterOfPosition(at).line;
      longest = Math.max(longest, line(node.getEnd()) - line(node.getStart()) + 1);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return longest;
}

function nameIn(node: ts.SignatureDeclaration): string | undefined {
  if (ts.isConstructorDeclaration(node)) return node.parent.name?.getText();
  if (node.name) return node.name.getText();
  const { parent } = node;
  const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent);
  return isNamed || ts.isPropertyDeclaration(parent) ? parent.name.getText() : undefined;
}

const TITLES = {
  rest: "REST `:predict`, from the socket to the native call",
  grpc: "gRPC `Predict`, from the socket to the native call",
  version: "A version, from the listing of its directory to available",
};

function report(walks: Record<keyof typeof TITLES, Hop[] | undefined>): void {
  const entries = Object.entries(TITLES).map(([key, title]) => {
    const hops = walks[key as keyof typeof TITLES] ?? [];
    const lines = hops.map(linesOf);
    const longest = Math.max(...lines);
    return { key, title, longest, hops: hops.map(({ file, name }) => `${file}:${name}`) };
  });
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(entries)}\n`);
  else if (process.argv.includes("--write")) writePage(entries);
  else for (const entry of entries) process.stdout.write(`${textOf(entry)}\n`);
}

type Entry = { readonly title: string; readonly longest: number; readonly hops: readonly string[] };

const textOf = ({ title, longest, hops }: Entry) =>
  `${title}: ${hops.length} hops, the longest function has ${longest} lines.\n\n` +
  `${hops.map((hop, i) => `${i + 1}. \`${hop}\``).join("\n")}\n`;

/** Replaces the text between the marks in ARCHITECTURE.md. */
function writePage(entries: readonly Entry[]): void {
  const path = join(root, "ARCHITECTURE.md");
  const [start, end] = ["<!-- walks -->", "<!-- /walks -->"];
  const page = readFileSync(path, "utf8");
  const [before, after] = [page.indexOf(start) + start.length, page.indexOf(end)];
  const text = entries.map(textOf).join("\n");
  writeFileSync(path, `${page.slice(0, before)}\n\n${text}\n${page.slice(after)}`);
}

await main();
