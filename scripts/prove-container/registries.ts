import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Engine } from "./engine.js";

/** The path of the certificates in the stand-in for Node's image, which only stages of the build start from. */
export const CERTIFICATES = "/usr/local/share/certificates.pem";

function firstText(paths: readonly (string | undefined)[]): string {
  const path = paths.find((candidate) => candidate !== undefined && existsSync(candidate));
  return path === undefined ? "" : readFileSync(path, "utf8");
}

/**
 * Makes an image with the registries of this machine and its certificates, for a Dockerfile of a user, who has none in
 * it. Returns the image itself if the machine needs none.
 */
export async function withRegistries(
  engine: Engine,
  image: string,
  folder: string,
): Promise<string> {
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  if (!extra) return image;
  const context = join(folder, "registries");
  mkdirSync(context);
  cpSync(extra, join(context, "certificates.pem"));
  cpSync(join(folder, "secret-pip.conf"), join(context, "pip.conf"));
  const copies = `COPY certificates.pem ${CERTIFICATES}\nCOPY pip.conf /etc/pip.conf\n`;
  writeFileSync(join(context, "Dockerfile"), `FROM ${image}\n${copies}`);
  await engine.build(`${image}-registries`, context);
  return `${image}-registries`;
}

/**
 * The arguments of a build by which npm, Node and pip in it use the registries of this machine and trust the
 * certificates that NODE_EXTRA_CA_CERTS names. Settings are secrets: no layer has them.
 */
export function registryArguments(folder: string): string[] {
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  const home = homedir();
  const npmrc = firstText([process.env.NPM_CONFIG_USERCONFIG, join(home, ".npmrc")]);
  const pipConf = firstText([
    process.env.PIP_CONFIG_FILE,
    join(home, ".config/pip/pip.conf"),
    "/etc/pip.conf",
  ]).replaceAll(/^(cert *=.*|\[global\])$/gm, "");
  const secrets = {
    npmrc: `${npmrc}\n${extra ? `cafile=${CERTIFICATES}\n` : ""}`,
    "pip.conf": `[global]\n${extra ? `cert = ${CERTIFICATES}\n` : ""}${pipConf}\n`,
  };
  const certificates = extra ? [`--build-arg=NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : [];
  const files = Object.entries(secrets).map(([name, text]) => {
    const file = join(folder, `secret-${name}`);
    writeFileSync(file, text, { mode: 0o600 });
    return `--secret=id=${name},src=${file}`;
  });
  return [...certificates, ...files];
}
