import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { programs, tsc7 } from "./compilers.mjs";

/** A `Compiler` by the program `tsc` of TypeScript 7, and by its language server. */
export function nativeCompiler() {
  const server = new LanguageServer();
  const opened = new Map();
  const open = async (file) => {
    if (!opened.has(file)) {
      const text = readFileSync(join(programs, file), "utf8");
      opened.set(file, text);
      await server.ready;
      const uri = uriOf(file);
      server.notify("textDocument/didOpen", {
        textDocument: { uri, languageId: "typescript", version: 1, text },
      });
    }
    return opened.get(file);
  };
  const ask = async (method, file, offset) => {
    const before = (await open(file)).slice(0, offset).split("\n");
    const position = { line: before.length - 1, character: before.at(-1).length };
    return server.request(method, { textDocument: { uri: uriOf(file) }, position });
  };
  return {
    async diagnose(settings) {
      const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
      return parse(await run([tsc7, "-p", programs, "--pretty", "false", ...flags]));
    },
    async hover(file, offset) {
      const { contents } = await ask("textDocument/hover", file, offset);
      return /```\w+\n([\s\S]*?)\n```/.exec(contents.value)?.[1] ?? "";
    },
    async complete(file, offset) {
      const found = await ask("textDocument/completion", file, offset);
      return (found?.items ?? found ?? []).map(({ label }) => label.replace(/\?$/, ""));
    },
    close: () => server.close(),
  };
}

const uriOf = (file) => pathToFileURL(join(programs, file)).href;

const run = (args) =>
  new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: programs }, (_error, stdout) => resolve(stdout));
  });

/** The errors in what `tsc` prints. */
function parse(output) {
  const found = [];
  for (const line of output.trimEnd().split("\n")) {
    const [, file, row, column, text] =
      /^(\S+)\((\d+),(\d+)\): error TS\d+: (.*)$/.exec(line) ?? [];
    if (file === undefined) {
      const last = found.at(-1);
      if (last !== undefined) last.text += `\n${line}`;
      continue;
    }
    const before = readFileSync(join(programs, file), "utf8")
      .split("\n")
      .slice(0, row - 1);
    const start = before.join("\n").length + (before.length > 0 ? 1 : 0) + Number(column) - 1;
    found.push({ file, line: row - 1, start, text });
  }
  return found;
}

/** A client of a server that speaks LSP over its standard streams. */
class LanguageServer {
  #process = spawn(process.execPath, [tsc7, "--lsp", "--stdio"], {
    cwd: programs,
    stdio: ["pipe", "pipe", "ignore"],
  });
  #buffer = Buffer.alloc(0);
  #pending = new Map();
  #lastId = 0;

  constructor() {
    this.#process.stdout.on("data", (chunk) => this.#read(chunk));
    this.#process.on("exit", () => {
      for (const { reject } of this.#pending.values()) reject(new Error("tsc --lsp has ended"));
    });
    const rootUri = pathToFileURL(programs).href;
    const hover = { contentFormat: ["markdown"] };
    this.ready = this.request("initialize", {
      processId: process.pid,
      rootUri,
      workspaceFolders: [{ uri: rootUri, name: "programs" }],
      capabilities: { textDocument: { hover } },
    }).then(() => this.notify("initialized", {}));
  }

  request(method, params) {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#write({ id, method, params });
    return answer;
  }

  notify(method, params) {
    this.#write({ method, params });
  }

  async close() {
    this.#process.kill();
  }

  #write(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    this.#process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#process.stdin.write(body);
  }

  #read(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.subarray(0, end))?.[1]);
      const start = end + 4;
      if (this.#buffer.length < start + length) return;
      this.#answer(JSON.parse(this.#buffer.subarray(start, start + length)));
      this.#buffer = this.#buffer.subarray(start + length);
    }
  }

  #answer({ id, method, result, error }) {
    if (method !== undefined) {
      // A request of the server, such as for its configuration: it has none.
      if (id !== undefined) this.#write({ id, result: null });
      return;
    }
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(error.message));
  }
}
