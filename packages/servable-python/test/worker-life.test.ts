import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  ask,
  childrenOf,
  done,
  INTERPRETER,
  isRunning,
  keptLog,
  noPython,
  open,
  temporaryFolder,
} from "./support.js";

/** `npm run test:python` has more time. */
const CRASHES = Number(process.env.SERVING_KIT_CRASHES ?? 6);
const isLinux = process.platform === "linux";
const WAIT = { timeout: 45_000, interval: 10 };

describe.skipIf(noPython)(
  `the life of a worker${noPython ? ` (skipped: ${noPython})` : ""}`,
  () => {
    it.each([
      ["segfault", /was ended by SIGSEGV; its stderr ends with: .*crashes\.py.*line/s],
      ["abort", /was ended by SIGABRT/],
      ["kill", /was ended by SIGKILL, as the kernel does when memory runs out/],
      ["sys.exit", /ended with exit code 3/],
      ["os._exit", /ended with exit code 4/],
      ["interrupt", /ended with exit code 1; its stderr ends with: .*KeyboardInterrupt/s],
      ["stray", /was killed: it wrote bytes to the socket of the kit that are not a frame/],
      [
        "huge",
        /was killed: it wrote a frame of 4294967295 and 18446744073709551615 bytes, which is too large/,
      ],
      ["unasked", /was killed: it answered a call that it did not get/],
    ])(
      "WP2 %s fails its own call with how the process ended, and another one answers",
      async (action, text) => {
        const model = await open("crashes.py");
        const before = await done(model, { do: "pid" });
        await expect(ask(model, { do: action })).rejects.toMatchObject({
          code: "UNAVAILABLE",
          reason: "PYTHON_WORKER_DIED",
          message: expect.stringMatching(text),
        });
        expect(await done(model, { do: "pid" })).not.toBe(before);
      },
    );

    it("an exception is INTERNAL without its lines, which the log has; the worker lives", async () => {
      const { lines, logger } = keptLog();
      const model = await open("crashes.py", { logger });
      const before = await done(model, { do: "pid" });
      await expect(ask(model, { do: "raise" })).rejects.toMatchObject({
        code: "INTERNAL",
        reason: "MODEL_THREW",
        message: "predict of the model threw: ValueError: not a digit",
      });
      expect(await done(model, { do: "pid" })).toBe(before);
      const [line] = lines.filter(({ level }) => level === "error");
      expect(line?.fields).toMatchObject({ model: "m", version: "1" });
      expect(line?.fields.trace).toMatch(/crashes\.py/);
    });

    it("running out of memory is an exception too", async () => {
      const model = await open("crashes.py");
      await expect(ask(model, { do: "memory" })).rejects.toThrow("MemoryError");
      expect(await done(model, { do: "neighbour" })).toBe("a neighbour");
    });

    it.each(["sleep", "spin", "gil"])(
      "WP4, WP5 a call that hangs in %s times out, and its worker is killed at hangTimeoutMs",
      async (action) => {
        const model = await open("crashes.py", { hangTimeoutMs: 500 });
        const deadlineAtMs = performance.now() + 50;
        const hangs = ask(model, { do: action });
        const outcome = expect(hangs).rejects.toMatchObject({
          reason: "PYTHON_WORKER_DIED",
          message: expect.stringContaining("a call took longer than hang_timeout_ms (500 ms)"),
        });
        // Waits for the worker that hangs, until its own deadline.
        await expect(ask(model, { do: "pid" }, { deadlineAtMs })).rejects.toMatchObject({
          code: "DEADLINE_EXCEEDED",
        });
        await outcome;
        expect(await done(model, { do: "neighbour" })).toBe("a neighbour");
      },
    );

    it("S7 an aborted call rejects with the reason; its worker is not killed", async () => {
      const model = await open("crashes.py", { workers: 2 });
      const controller = new AbortController();
      const file = join(temporaryFolder(), "go");
      const aborted = ask(model, { do: "wait", file }, { signal: controller.signal });
      await vi.waitFor(() => expect(measure(model, "python_workers_busy")).toBe(1), WAIT);
      controller.abort("enough");
      await expect(aborted).rejects.toBe("enough");
      expect(measure(model, "python_workers_busy")).toBe(1);
      expect(await done(model, { do: "neighbour" })).toBe("a neighbour");
      writeFileSync(file, "");
      await vi.waitFor(() => expect(measure(model, "python_workers_busy")).toBe(0), WAIT);
    });

    it("20,000 printed lines arrive in order, logging with its levels, long lines in parts", async () => {
      const { lines, logger } = keptLog();
      const model = await open("crashes.py", { logger });
      expect(await done(model, { do: "print", lines: 20_000 })).toBe("printed");
      await done(model, { do: "print long" });
      await done(model, { do: "stderr" });
      await done(model, { do: "log" });
      await model[Symbol.asyncDispose]?.();
      const printed = lines.filter(({ fields }) => fields.stream === "stdout");
      expect(printed.slice(0, 20_000).map(({ message }) => message)).toEqual(
        Array.from({ length: 20_000 }, (_, i) => `python: line ${i}`),
      );
      const long = printed.slice(20_000).map(({ message }) => message.length - "python: ".length);
      expect(long.slice(0, 3)).toEqual([8_192, 8_192, 3_616]);
      expect(printed.at(-1)?.message).toBe("python: closed");
      const others = lines.filter(
        ({ fields }) => fields.logger === "crashes" || fields.stream === "stderr",
      );
      expect(others.map(({ level, message }) => `${level} ${message}`).sort()).toEqual([
        "error python: an error",
        "info python: an info",
        "warn python: a warning",
        "warn python: to stderr",
      ]);
      expect(lines.every(({ fields }) => fields.model === "m" && fields.version === "1")).toBe(
        true,
      );
    });

    it.runIf(isLinux)("unloading ends the worker and all that it started", async () => {
      const model = await open("crashes.py");
      const family = (await done(model, { do: "family" })) as number[];
      expect(family.every(isRunning)).toBe(true);
      await model[Symbol.asyncDispose]?.();
      await vi.waitFor(() => expect(family.filter(isRunning)).toEqual([]), WAIT);
    });

    it.runIf(isLinux).each(["idle", "sleep", "spin", "gil"])(
      "no process outlives Node that is killed while Python is in %s",
      async (action) => {
        const file = join(temporaryFolder(), "pids");
        const node = spawn(
          process.execPath,
          [
            ...["--conditions=@serving-kit/source", "--import", "tsx"],
            join(import.meta.dirname, "killed-node.ts"),
            ...[`family, then ${action}`, file, INTERPRETER ?? ""],
          ],
          { stdio: ["ignore", "ignore", "inherit"] },
        );
        await vi.waitFor(() => expect(existsSync(file)).toBe(true), { ...WAIT, timeout: 30_000 });
        const family = JSON.parse(readFileSync(file, "utf8")) as number[];
        expect(family.every(isRunning)).toBe(true);
        node.kill("SIGKILL");
        await once(node, "exit");
        await vi.waitFor(() => expect(family.filter(isRunning)).toEqual([]), WAIT);
      },
      60_000,
    );

    it.runIf(isLinux)(
      "no process outlives the thread of Node that started it",
      async () => {
        const file = join(temporaryFolder(), "pids");
        const node = spawn(
          process.execPath,
          [
            ...["--conditions=@serving-kit/source", "--import", "tsx"],
            join(import.meta.dirname, "ended-thread.ts"),
            ...["family, then idle", file, INTERPRETER ?? ""],
          ],
          { stdio: ["pipe", "pipe", "inherit"] },
        );
        await vi.waitFor(() => expect(existsSync(file)).toBe(true), { ...WAIT, timeout: 30_000 });
        const family = JSON.parse(readFileSync(file, "utf8")) as number[];
        expect(family.every(isRunning)).toBe(true);
        node.stdin.write("end\n");
        await once(node.stdout, "data");
        expect(node.exitCode).toBeNull();
        await vi.waitFor(() => expect(family.filter(isRunning)).toEqual([]), WAIT);
        node.kill();
      },
      60_000,
    );

    it.runIf(isLinux)(
      `${CRASHES} crashes with grandchildren leave no process and no zombie`,
      async () => {
        const before = childrenOf(process.pid);
        const model = await open("crashes.py", { workers: 2 });
        await Promise.all(
          Array.from({ length: 2 }, async () => {
            for (let i = 0; i < CRASHES / 2; i++) {
              await expect(ask(model, { do: "grandchild, then segfault" })).rejects.toThrow(
                "SIGSEGV",
              );
              await ask(model, { do: "neighbour" });
            }
          }),
        );
        expect(restarts(model)).toBe(CRASHES);
        await model[Symbol.asyncDispose]?.();
        await vi.waitFor(() => expect(childrenOf(process.pid)).toEqual(before), WAIT);
      },
      120_000,
    );

    it.runIf(isLinux)("the kernel takes the worker first when memory runs out", async () => {
      expect(await done(await open("crashes.py"), { do: "oom" })).toBeGreaterThanOrEqual(500);
    });

    it("Ctrl-C is for Node", async () => {
      const model = await open("crashes.py");
      expect(await done(model, { do: "signals" })).toBe(await done(model, { do: "pid" }));
    });
  },
);

const valuesOf = (model: Awaited<ReturnType<typeof open>>, name: string) =>
  model.measures?.().find((one) => one.name === name)?.values ?? [];
const measure = (model: Awaited<ReturnType<typeof open>>, name: string) =>
  valuesOf(model, name)[0]?.value;
const restarts = (model: Awaited<ReturnType<typeof open>>) =>
  valuesOf(model, "python_restarts_total").reduce((sum, { value }) => sum + value, 0);
