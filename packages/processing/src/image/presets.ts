import type { ImageOptions } from "./image-options.js";

/** The names of the presets of `image`. */
export type PresetName = "mobilenet" | "resnet" | "torchvision" | "clip";

/**
 * Options for `image` for well-known models. To change one, copy it: `{ ...presets.mobilenet, size: 192 }`.
 *
 * - `mobilenet`: `keras.utils.load_img(path, target_size=(224, 224))`, whose default is NEAREST, and
 *   `keras.applications.mobilenet.preprocess_input` (mode `tf`; also for `mobilenet_v2`, `inception_v3`, `xception`).
 * - `resnet`: the same `load_img`, and `keras.applications.resnet.preprocess_input` (mode `caffe`; also for `vgg16`).
 * - `torchvision`: `Resize(256)`, `CenterCrop(224)`, `ToTensor()`, `Normalize(…)` of ImageNet: the transforms of
 *   `IMAGENET1K_V1` weights, on Pillow images.
 * - `clip`: `_transform(224)` of OpenAI's `clip.py`: bicubic, centre crop, and CLIP's own mean and standard deviation.
 */
export const presets = {
  mobilenet: { size: 224, resize: "pillow-nearest", range: [-1, 1] },
  resnet: {
    size: 224,
    resize: "pillow-nearest",
    channels: "bgr",
    mean: [103.939, 116.779, 123.68],
  },
  torchvision: {
    size: 224,
    resize: "pillow-bilinear",
    crop: { shorter: 256 },
    layout: "nchw",
    range: [0, 1],
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  clip: {
    size: 224,
    resize: "pillow-bicubic",
    crop: { shorter: 224 },
    layout: "nchw",
    range: [0, 1],
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
  },
} as const satisfies { readonly [K in PresetName]: ImageOptions };
