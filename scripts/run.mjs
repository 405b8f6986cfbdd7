import { spawn } from "node:child_process";
import { root } from "./workspace.mjs";

/**
 * The outcome of a program. `output` has both streams, in the order in which the texts came.
 *
 * @typedef {{ code: number, output: string, stdout: string, durationMs: number }} Ran
 *
 * Options for a program: its folder (default: the repository's), variables in addition to those of this process, and
 * whether a shell finds it.
 *
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean }} RunOptions
 */

/**
 * Runs a program to its end, without a terminal. Never rejects: a program that cannot be started has code 127.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Ran>}
 */
export function run(command, args, { cwd = root, env = {}, shell = false } = {}) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let output = "";
    let stdout = "";
    /** @param {number} code */
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

/**
 * Runs a JavaScript file with a Node binary. Default: the one of this process.
 *
 * @param {readonly string[]} args
 * @param {RunOptions & { node?: string }} [options]
 */
export const runNode = (args, { node = process.execPath, ...options } = {}) =>
  run(node, args, options);
