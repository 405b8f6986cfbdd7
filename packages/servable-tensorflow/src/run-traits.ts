import type { GraphDef, NodeDef } from "./proto/messages.js";
import {
  attributes,
  FunctionLibrary,
  GraphScope,
  nodeOf,
  tensorName,
} from "./variables/graph-scope.js";
import type { Run } from "./variables/variable-use.js";

/** Traits of the runs of one signature, from the ops that they reach. A plain object, to share with other threads. */
export interface RunTraits {
  /** True if values determine which ops run, or how often: through branches or loops. */
  readonly hasControlFlow: boolean;
  /**
   * True if the time of a run can depend on the values of the inputs, and not only on their shapes: through control
   * flow, variants, or sizes that are computed from inputs. One run does not predict the time of the next.
   */
  readonly hasOpenRunTime: boolean;
  /** True if a run changes the results of later runs, for example through a variable. */
  readonly movesState: boolean;
}

const words = (text: string) => text.trim().split(/\s+/);

const CONTROL_FLOW: ReadonlySet<string> = new Set(
  words(`While StatelessWhile If StatelessIf Case StatelessCase For Switch Merge Enter Exit NextIteration
    LoopCond RefSwitch RefMerge RefEnter RefExit RefNextIteration SwitchN _SwitchN MapDefun BatchFunction
    SymbolicGradient RemoteCall PyFunc EagerPyFunc`),
);

/** Ops of lists, datasets and other variants. */
const VARIANTS = /^(?:Empty)?Tensor(?:List|Map)|Dataset|Iterator|^Optional|Variant/;

/** Ops whose outputs depend only on the shapes of their inputs. */
const SHAPES: ReadonlySet<string> = new Set(
  words("Shape ShapeN Size Rank VariableShape ZerosLike OnesLike BroadcastGradientArgs"),
);

/** Ops whose output sizes are values of inputs, by the indices of these inputs. */
const SIZES: ReadonlyMap<string, ReadonlySet<number>> = new Map(
  Object.entries({
    "0": `Fill Empty RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal
      ParameterizedTruncatedNormal RandomGamma RandomPoissonV2 StatelessRandomUniform StatelessRandomUniformV2
      StatelessRandomNormal StatelessRandomNormalV2 StatelessTruncatedNormal StatelessTruncatedNormalV2
      Conv2DBackpropInput Conv3DBackpropInputV2 DepthwiseConv2dNativeBackpropInput RaggedTensorToTensor
      DecodeJpeg DecodeAndCropJpeg DecodePng DecodeGif DecodeBmp DecodeWebP DecodeImage DecodeCompressed DecodeWav
      ReadFile MatchingFiles`,
    "1": `BroadcastTo OneHot Tile Pad PadV2 MirrorPad ResizeBilinear ResizeBicubic ResizeArea
      ResizeNearestNeighbor SparseToDense Bincount DenseBincount Multinomial StatelessMultinomial ExtractGlimpse
      ExtractGlimpseV2 RFFT RFFT2D RFFT3D IRFFT IRFFT2D IRFFT3D ScaleAndTranslate`,
    "2": `ScatterNd UnsortedSegmentSum UnsortedSegmentProd UnsortedSegmentMax UnsortedSegmentMin LinSpace
      RaggedBincount ImageProjectiveTransformV2 ImageProjectiveTransformV3`,
    "3": "CropAndResize SparseBincount",
    "0 1 2": "Range RaggedRange",
    "1 2": "SpaceToBatchND BatchToSpaceND",
    "1 2 3": "MatrixDiagV2 MatrixDiagV3",
    // The largest index determines the size. The indices are the first inputs, any number of them.
    "0 1 2 3 4 5 6 7": "DynamicStitch ParallelDynamicStitch",
  }).flatMap(([places, ops]) => {
    const set = new Set(words(places).map(Number));
    return words(ops).map((op): [string, ReadonlySet<number>] => [op, set]);
  }),
);

const STATE_MOVES =
  /^(?:Assign|Resource(?:Scatter|Apply|SparseApply|CountUpTo)|CountUpTo|(?:Sparse)?Apply[A-Z]|Scatter(?:Nd)?(?:Add|Sub|Mul|Div|Min|Max|Update)$|(?:Mutable)?LookupTable(?:Insert|Import|Remove)|Queue|Stack(?:Push|Pop)|Barrier|Stage|Unstage|WriteFile|RngReadAndSkip|RngSkip|Stateful(?:Standard|Uniform|Truncated))/;

/** Reads the traits of runs from a graph and its functions. */
export class RunTraitsReader {
  readonly #main: GraphScope;
  readonly #library: FunctionLibrary;

  constructor(graph: GraphDef) {
    this.#main = new GraphScope(graph.node);
    this.#library = new FunctionLibrary(graph);
  }

  /** Returns the traits of a run. */
  read({ fed, fetched }: Run): RunTraits {
    const live = this.#main.liveNodes(fetched, new Set(fed.map(tensorName)));
    const walk = new Walk(this.#library);
    walk.visit(this.#main, live, fed.map(nodeOf));
    const { hasControlFlow, hasOpenRunTime, movesState } = walk;
    return { hasControlFlow, hasOpenRunTime, movesState };
  }
}

class Walk {
  hasControlFlow = false;
  hasOpenRunTime = false;
  movesState = false;
  readonly #library: FunctionLibrary;
  readonly #visited = new Set<string>();

  constructor(library: FunctionLibrary) {
    this.#library = library;
  }

  /** Visits the live nodes of a scope. `sources` are the nodes or arguments whose values depend on the run's inputs. */
  visit(scope: GraphScope, live: ReadonlySet<string>, sources: readonly string[]): void {
    const valued = new Set(sources);
    for (const name of valued) {
      for (const { node, input } of scope.consumers(name)) {
        if (!live.has(node.name) || SHAPES.has(node.op)) continue;
        this.hasOpenRunTime ||= SIZES.get(node.op)?.has(input) ?? false;
        valued.add(node.name);
      }
    }
    for (const name of live) {
      const node = scope.nodes.get(name);
      if (node !== undefined) this.#note(node, valued);
    }
  }

  #note(node: NodeDef, valued: ReadonlySet<string>): void {
    const { op } = node;
    this.hasControlFlow ||= CONTROL_FLOW.has(op);
    this.hasOpenRunTime ||= this.hasControlFlow || VARIANTS.test(op);
    this.movesState ||= STATE_MOVES.test(op);
    // The arguments of a plain call are its node's inputs. For other calls, any argument may depend on inputs.
    const isPlain = this.#library.has(op) || /^(?:Stateful)?PartitionedCall$/.test(op);
    const inputs = node.input.filter((input) => !input.startsWith("^")).map(nodeOf);
    for (const name of this.#functionsOf(node)) {
      this.#visitFunction(name, (i) => !isPlain || valued.has(inputs[i] ?? ""));
    }
  }

  #functionsOf(node: NodeDef): readonly string[] {
    if (this.#library.has(node.op)) return [node.op];
    return attributes(node)
      .flatMap(({ value }) => [...(value?.func ? [value.func] : []), ...(value?.list?.func ?? [])])
      .map(({ name }) => name);
  }

  #visitFunction(name: string, isValued: (argument: number) => boolean): void {
    const scope = this.#library.scope(name);
    if (scope === undefined) return;
    const sources = scope.arguments.filter((_, i) => isValued(i));
    const key = `${name}\0${sources.join("\0")}`;
    if (this.#visited.has(key)) return;
    this.#visited.add(key);
    this.visit(scope, scope.live, sources);
  }
}
