import type { BatchingOptions } from "@serving-kit/batching";
import type { LabelState, ServableId, ServableState } from "@serving-kit/core";
import type {
  BodyAnswer,
  PredictOptions,
  Predictor,
  SharedPredictor,
  Signature,
} from "@serving-kit/inference";
import type { AuthorizeRequest } from "../calls/authorize.js";
import type { ModelConfig } from "../config/model-config.js";
import type { GrpcListening, GrpcListenOptions } from "../grpc/grpc-listen-options.js";
import type { HttpOptions } from "../http/http-api.js";
import type { Listening, ListenOptions } from "../http/http-listener.js";
import type { LimitSettings } from "../limits/server-limits.js";
import type { ConnectionCount } from "../listening/listener.js";
import type { SharedListen } from "../listening/port-sharing.js";
import type { Processed } from "../models/processed-version.js";
import type { SharedPlugin } from "../plugins/plugin-module.js";
import type { Moved, OnFact } from "./thread-channel.js";
import type { ThreadError } from "./thread-error.js";
import type { ThreadTensors } from "./thread-tensors.js";

/** The settings that a loop receives when its thread starts. */
export interface LoopSettings {
  /** The URL of the module of platforms. */
  readonly platforms: string | undefined;
  readonly rest: HttpOptions | undefined;
  readonly limits: LimitSettings;
  /** The loop's slot in the counts that all loops share. */
  readonly slot: number;
  /** True if the app authorizes requests. */
  readonly hasAuthorize: boolean;
  /** The modules of the plugins, by kind. */
  readonly plugins: Readonly<
    Record<"protocols" | "observers" | "acquireDecorators" | "processors", readonly SharedPlugin[]>
  >;
  /** True if the main thread has a logger. */
  readonly hasLogger: boolean;
}

/** The way in which a loop obtains the predictor of a version. */
export type ReplicaOrigin = {
  /** The processing that the loop applies before batching; undefined for none. */
  readonly processed: Processed | undefined;
  /** The batching of calls, in the loop's own queue and slots. */
  readonly batching: ReplicaBatching | undefined;
} & (
  | { readonly kind: "shared"; readonly predictor: SharedPredictor }
  /** The main thread runs the loop's calls. */
  | {
      readonly kind: "remote";
      readonly signatures: ReadonlyMap<string, Signature>;
      readonly uncallable: Predictor["uncallable"];
      readonly batchable: boolean;
      readonly state: Predictor["state"];
      /** True if the predictor has `respond`. */
      readonly responds: boolean;
    }
);

/** The batching of a version in a loop. Versions with the same `pool` share slots. */
export interface ReplicaBatching {
  readonly options: Omit<BatchingOptions, "slots" | "clock" | "onBatchStart">;
  /** True if a call that expires in the queue has TF Serving's error. That is a function, which cannot be posted. */
  readonly hasRunTimeout: boolean;
  readonly pool: number;
  /** Default: as in `SharedSlots`. */
  readonly slots: number | undefined;
}

/** A state of a version, with its error in a form that can be posted. */
export type ThreadState = Omit<ServableState, "error"> & { readonly error?: ThreadError };

/** The part of the configuration that loops need. */
export interface ConfigurationNews {
  /** The names of all configured models. */
  readonly modelNames: readonly string[];
  /** Contract: `ServerCore.modelUris`. */
  readonly modelUris: ReadonlyMap<string, string>;
  /** The news of the main thread's observers, by observer name. */
  readonly observers: ReadonlyMap<string, unknown>;
}

/** The changes in the main thread. */
export interface ManagerNews {
  readonly isStarted: boolean;
  readonly isServing: boolean;
  /** Undefined if it is unchanged. */
  readonly configuration: ConfigurationNews | undefined;
  /** The full state of each model that has changed. */
  readonly models: readonly {
    readonly name: string;
    readonly states: readonly ThreadState[];
    /** The states that status reports in addition to these. */
    readonly statesBeside: readonly ThreadState[];
    readonly labels: ReadonlyMap<string, LabelState>;
  }[];
}

/** A call that a loop forwards to the main thread. */
export interface RemoteCall extends Pick<PredictOptions, "signature" | "outputs"> {
  readonly id: ServableId;
  readonly inputs: ThreadTensors;
  /** Time in ms until its deadline: threads have different clocks. */
  readonly leftMs?: number;
  /** True if the loop wants the facts of the run, each of which is a message. */
  readonly wantsFacts?: true;
}

/** A body that a loop forwards to the main thread. */
export interface RemoteBody {
  readonly id: ServableId;
  readonly body: Uint8Array;
  readonly format: string;
  /** As in `RemoteCall`. */
  readonly leftMs?: number;
  readonly wantsFacts?: true;
}

/** A message from an observer to the observer of the same name in another thread. */
export interface ObserverQuestion {
  readonly name: string;
  readonly message: unknown;
}

/** The methods of a loop that the main thread calls. */
export type LoopMethods = {
  /** Returns the names of the platforms that the loop can attach. */
  readonly start: () => Promise<readonly string[]>;
  /** Creates the predictor of a version. It cannot be acquired yet. */
  readonly attach: (version: {
    readonly id: ServableId;
    readonly origin: ReplicaOrigin;
  }) => Promise<void>;
  /** Makes the version acquirable, if it is attached. */
  readonly publish: (id: ServableId) => void;
  /** Makes the version unavailable immediately, and disposes it once no request in the loop holds it. */
  readonly withdraw: (id: ServableId) => Promise<void>;
  readonly learn: (news: ManagerNews) => void;
  readonly listen: (where: {
    readonly options: ListenOptions;
    readonly shared: SharedListen;
  }) => Promise<Listening>;
  readonly listenGrpc: (where: {
    readonly options: GrpcListenOptions;
    readonly shared: SharedListen;
  }) => Promise<GrpcListening>;
  /** Contract: `LoopObserver.answer`. */
  readonly ask: (question: ObserverQuestion) => Promise<unknown>;
  /** Contract: `Transports.leave`. */
  readonly leave: () => void;
  /** Contract: `Transports.connections`; a loop has only the connections of its listeners. */
  readonly connections: () => Promise<ConnectionCount | undefined>;
  /** Contract: `shutDown`. Returns whether everything drained before the deadline. */
  readonly shutDown: (options: { readonly deadlineMs: number | undefined }) => Promise<boolean>;
  /** Ends the thread. */
  readonly end: () => void;
};

/** The methods of the main thread that a loop calls. */
export type MainMethods = {
  readonly predict: (
    call: RemoteCall,
    signal: AbortSignal,
    onFact: OnFact,
  ) => Promise<Moved<ThreadTensors>>;
  readonly respond: (
    call: RemoteBody,
    signal: AbortSignal,
    onFact: OnFact,
  ) => Promise<Moved<BodyAnswer>>;
  readonly reload: (
    reload: {
      readonly models: readonly ModelConfig[];
      /** Time to wait for the models; undefined means the reload's own limit. */
      readonly timeoutMs: number | undefined;
      readonly peer: string;
      readonly method: string;
    },
    signal: AbortSignal,
  ) => Promise<ThreadOutcome[]>;
  /** Contract: `LoopObserver.answer`. */
  readonly ask: (question: ObserverQuestion) => Promise<unknown>;
  /** Contract: `ModelServerOptions.authorize`. */
  readonly authorize: (request: AuthorizeRequest) => Promise<boolean>;
  readonly counts: (names: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly log: (line: {
    readonly level: "info" | "warn" | "error";
    readonly fields: object;
    readonly message: string;
    /** The error of the field `err`. */
    readonly error: ThreadError | undefined;
  }) => void;
};

/** A `ModelOutcome` in a form that can be posted. */
export interface ThreadOutcome {
  readonly name: string;
  readonly error?: ThreadError;
}

/** Returns a unique key for each version of each servable. */
export const versionKey = ({ name, version }: ServableId): string => `${version}:${name}`;
