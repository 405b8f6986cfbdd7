import { createSecureContext } from "node:tls";
import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";

/** TLS, as in TF Serving's `ssl_config_file`: PEM texts, not paths. */
export interface SslConfig {
  /** The server's private key. */
  readonly serverKey: string;
  /** The server's certificate, with those between it and the authority. */
  readonly serverCert: string;
  /** The authorities of client certificates. */
  readonly customCa?: string | undefined;
  /** Whether every client must have a certificate of these authorities, which are needed then. Default false. */
  readonly clientVerify?: boolean | undefined;
}

/**
 * Checks that keys and certificates can be used together.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for what is not a key or certificate, if the two do not
 * belong together, and for `clientVerify` without `customCa`. No message has any of it.
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

/** Why clients are not verified without authorities. */
export const WITHOUT_AUTHORITIES =
  ", the authorities of client certificates; without it a certificate of any public authority would be accepted";

/** Whether clients would be verified against the authorities that Node trusts by itself, which is refused. */
export function lacksAuthorities({ clientVerify, customCa }: SslConfig): boolean {
  return clientVerify === true && !customCa;
}

/** Why keys and certificates cannot be used together, without any of their text. */
export function sslProblem({ serverKey, serverCert, customCa }: SslConfig): string | undefined {
  try {
    createSecureContext({ key: serverKey, cert: serverCert, ...(customCa && { ca: customCa }) });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
