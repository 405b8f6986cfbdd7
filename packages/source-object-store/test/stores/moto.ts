import { StoreProcess } from "./store-process.js";

/** The program, which `npm test` has pip install if there is a Python; undefined if there is none. */
export const moto = process.env.SERVING_KIT_MOTO;

/** Why its tests are skipped, to end their titles with. */
export const unlessMoto = moto ? "" : " (skipped: SERVING_KIT_MOTO names no moto_server)";

/** A server of S3, STS, IAM, SQS and the instance metadata. It accepts any credentials. */
export const startMoto = (): Promise<StoreProcess> =>
  StoreProcess.start((port) => [moto as string, "-H", "127.0.0.1", "-p", `${port}`]);
