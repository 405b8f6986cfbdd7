import { createSecureContext } from "node:tls";
import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";

/** TLS, as in TF Serving's `ssl_config_file`: PEM texts, not paths. */
export interface SslConfig {
  /** The server's private key. */
  readonly serverKey: string;
  /** The server's certificate, with intermediate certificates. */
  readonly serverCert: string;
  /** The authorities of client certificates. */
  readonly customCa?: string | undefined;
  /** True if every client must have a certificate of these authorities. Requires `customCa`. Default false. */
  readonly clientVerify?: boolean | undefined;
}

/**
 * Checks that keys and certificates match.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID if a value is not a key or certificate, if the two do not
 * match, and for `clientVerify` without `customCa`. Messages contain none of their text.
 */
export function checkSsl(ssl: SslConfig): void {
  if (lacksAuthorities(ssl)) {
    throw errors.configInvalid(`ssl: clientVerify needs customCa${WITHOUT_AUTHORITIES}`);
  }
  const problem = sslProblem(ssl);
  if (problem === undefined) return;
  throw errors.configInvalid(
    "ssl: expected PEM texts of a private key (serverKey), its certificate (serverCert) and of " +
      `authorities (customCa); ${problem}`,
  );
}

/** Explains why client certificates are not verified without authorities. */
export const WITHOUT_AUTHORITIES =
  ", the authorities of client certificates; without it a certificate of any public authority would be accepted";

/** Returns whether clients would be verified against Node's default authorities, which is rejected. */
export function lacksAuthorities({ clientVerify, customCa }: SslConfig): boolean {
  return clientVerify === true && !customCa;
}

/** Returns why keys and certificates cannot be used, without any of their text. */
export function sslProblem({ serverKey, serverCert, customCa }: SslConfig): string | undefined {
  try {
    createSecureContext({ key: serverKey, cert: serverCert, ...(customCa && { ca: customCa }) });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
