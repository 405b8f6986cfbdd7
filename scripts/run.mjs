import { spawn } from "node:child_process";
import { root } from "./workspace.mjs";

/**
 * Runs a program to its end without a terminal and keeps what it printed, both streams in the
 * order they came. Never rejects: a program that cannot be started has code 127.
 *
 * @returns {Promise<{ code: number, output: string, stdout: string, durationMs: number }>}
 */
export function run(command, args, { cwd = root, env = {}, shell = false } = {}) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let output = "";
    let stdout = "";
    const done = (code) =>
      resolve({ code, output, stdout, durationMs: performance.now() - startedAt });
    const child = spawn(command, args, {
      cwd,
      shell,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.on("error", (error) => {
      output += `${command}: ${error.message}\n`;
      done(127);
    });
    child.on("close", (code, signal) => {
      if (signal) output += `${command} was ended by ${signal}\n`;
      done(code ?? 1);
    });
  });
}

/** Runs a JavaScript file with a Node binary, this process's own unless told otherwise. */
export const runNode = (args, { node = process.execPath, ...options } = {}) =>
  run(node, args, options);
