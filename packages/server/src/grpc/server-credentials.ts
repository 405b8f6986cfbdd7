import { ServerCredentials } from "@grpc/grpc-js";
import { checkSsl, type SslConfig } from "../listening/ssl-config.js";

/**
 * Makes the credentials of a gRPC server, insecure without a configuration.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID as `checkSsl` does.
 */
export function serverCredentials(ssl: SslConfig | undefined): ServerCredentials {
  if (ssl === undefined) return ServerCredentials.createInsecure();
  checkSsl(ssl);
  const { serverKey, serverCert, customCa, clientVerify = false } = ssl;
  return ServerCredentials.createSsl(
    customCa ? Buffer.from(customCa) : null,
    [{ private_key: Buffer.from(serverKey), cert_chain: Buffer.from(serverCert) }],
    clientVerify,
  );
}
