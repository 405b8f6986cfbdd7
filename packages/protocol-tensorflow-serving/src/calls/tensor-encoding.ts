import type { OpaqueTensor } from "@serving-kit/inference";

/** A tensor in the metadata, or a part of one. */
export type TensorPart = Omit<OpaqueTensor, "problem">;

/** Returns the TensorInfo field with the tensor's encoding. `infoOf` creates the TensorInfo of a part. */
export function encodingOf(
  { nativeName = "", cooSparse, composite }: Omit<TensorPart, "dataType" | "shape">,
  infoOf: (part: TensorPart) => object,
): object {
  if (cooSparse) {
    return {
      coo_sparse: {
        values_tensor_name: cooSparse.values,
        indices_tensor_name: cooSparse.indices,
        dense_shape_tensor_name: cooSparse.denseShape,
      },
    };
  }
  if (composite === undefined) return { name: nativeName };
  const { typeSpecClass, typeSpecClassName, components } = composite;
  return {
    composite_tensor: {
      type_spec: {
        type_spec_class: typeSpecClass,
        type_spec_class_name: typeSpecClassName,
        num_flat_components: components.length,
      },
      components: components.map(infoOf),
    },
  };
}
