/** The names of TF Serving's program and of the script around it in its image, with or without a folder. */
const PROGRAM = /(?:^|[/\\])(?:tensorflow_model_server|tf_serving_entrypoint)(?:\.sh)?$/;

/** The arguments without the names of TF Serving's program before them, which manifests for its image have. */
export function withoutProgramNames(args: readonly string[]): readonly string[] {
  const first = args.findIndex((argument) => !PROGRAM.test(argument));
  return first === -1 ? [] : args.slice(first);
}
