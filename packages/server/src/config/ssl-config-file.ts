import type { Logger } from "@serving-kit/core";
import { errors } from "../errors.js";
import {
  lacksAuthorities,
  type SslConfig,
  sslProblem,
  WITHOUT_AUTHORITIES,
} from "../listening/ssl-config.js";
import { servingSchema } from "./serving-schema.js";
import { readTextFormat, type TextFormat } from "./text-format.js";

// Names and numbers of TF Serving's config/ssl_config.proto.
const FORMAT: TextFormat = {
  name: "tensorflow.serving.SSLConfig",
  isSecret: true,
  schema: servingSchema({
    SSLConfig: {
      fields: {
        serverKey: { type: "string", id: 1 },
        serverCert: { type: "string", id: 2 },
        customCa: { type: "string", id: 3 },
        clientVerify: { type: "bool", id: 4 },
      },
    },
  }),
};

/**
 * Reads an SSL config file: TF Serving's `SSLConfig` in protobuf's text format, whose `server_key`, `server_cert` and
 * `custom_ca` are PEM texts, with `\n` for line breaks.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION); CONFIG_FILE_INVALID (INVALID_ARGUMENT) if the
 * file is not an SSLConfig, if the key and the certificate do not match, or for `client_verify` without `custom_ca`.
 * Messages contain none of its text.
 */
export async function readSslConfigFile(path: string, logger?: Logger): Promise<SslConfig> {
  const { message, type } = await readTextFormat(path, "SSL config file", FORMAT, logger);
  const read = type.toObject(message, { defaults: true }) as Required<SslConfig>;
  const { serverKey, serverCert, customCa, clientVerify } = read;
  for (const [name, text] of Object.entries({ server_key: serverKey, server_cert: serverCert })) {
    if (text === "") throw errors.configFileInvalid(path, `expected a ${name}; got none`);
  }
  const ssl = { serverKey, serverCert, clientVerify, ...(customCa !== "" && { customCa }) };
  if (lacksAuthorities(ssl)) {
    throw errors.configFileInvalid(path, `client_verify needs a custom_ca${WITHOUT_AUTHORITIES}`);
  }
  const problem = sslProblem(ssl);
  if (problem !== undefined) {
    throw errors.configFileInvalid(
      path,
      "expected PEM texts, not paths, of a private key (server_key), its certificate (server_cert) and " +
        `of authorities (custom_ca); ${problem}`,
    );
  }
  return ssl;
}
