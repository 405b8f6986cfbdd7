import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { codecOf } from "./codec.js";

/** The code and text that a call failed with. */
export class GrpcFailure extends Error {
  readonly code: number;
  constructor({ code, details }: ServiceError) {
    super(details);
    this.code = code;
  }
}

type Fields = Record<string, unknown>;

/** A client of the gRPC interface in terms of plain objects, by the published field names. */
export class GrpcClient implements Disposable {
  readonly client: Client;

  constructor(
    address: string,
    channel: ChannelCredentials = credentials.createInsecure(),
    options: ClientOptions = {},
  ) {
    this.client = new Client(address, channel, {
      "grpc.max_receive_message_length": -1,
      ...options,
    });
  }

  /** Calls a method with bytes, and gives bytes. */
  raw(
    path: string,
    request: Uint8Array,
    options: CallOptions = {},
    metadata = new Metadata(),
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(request),
        metadata,
        options,
        (error, answer) => {
          if (error) reject(new GrpcFailure(error));
          else resolve(answer as Buffer);
        },
      );
    });
  }

  /** Calls a method of `tensorflow.serving`. */
  async call(
    method: string,
    request: Fields,
    options?: CallOptions,
    metadata?: Metadata,
  ): Promise<Fields> {
    const name = METHODS[method.split("/")[1] as keyof typeof METHODS];
    const bytes = codecOf(`tensorflow.serving.${name[0]}`).encode(request);
    const answer = await this.raw(`/tensorflow.serving.${method}`, bytes, options, metadata);
    return codecOf<Fields>(`tensorflow.serving.${name[1]}`).decode(answer);
  }

  predict = (request: Fields, options?: CallOptions, metadata?: Metadata) =>
    this.call("PredictionService/Predict", request, options, metadata);

  /** Begins a Predict that can be cancelled. */
  begin(request: Fields): { readonly call: ClientUnaryCall; readonly answer: Promise<Buffer> } {
    const bytes = Buffer.from(codecOf("tensorflow.serving.PredictRequest").encode(request));
    let call: ClientUnaryCall | undefined;
    const answer = new Promise<Buffer>((resolve, reject) => {
      const asIs = (message: Buffer) => message;
      const path = "/tensorflow.serving.PredictionService/Predict";
      call = this.client.makeUnaryRequest(path, asIs, asIs, bytes, (error, message) => {
        if (error) reject(new GrpcFailure(error));
        else resolve(message as Buffer);
      });
    });
    return { call: call as ClientUnaryCall, answer };
  }

  async health(service = ""): Promise<number> {
    const request = codecOf("grpc.health.v1.HealthCheckRequest").encode({ service });
    const answer = await this.raw("/grpc.health.v1.Health/Check", request);
    const { status } = codecOf<{ status: number }>("grpc.health.v1.HealthCheckResponse").decode(
      answer,
    );
    return status;
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

const METHODS = {
  Predict: ["PredictRequest", "PredictResponse"],
  Classify: ["ClassificationRequest", "ClassificationResponse"],
  Regress: ["RegressionRequest", "RegressionResponse"],
  MultiInference: ["MultiInferenceRequest", "MultiInferenceResponse"],
  GetModelMetadata: ["GetModelMetadataRequest", "GetModelMetadataResponse"],
  GetModelStatus: ["GetModelStatusRequest", "GetModelStatusResponse"],
  HandleReloadConfigRequest: ["ReloadConfigRequest", "ReloadConfigResponse"],
} as const;
