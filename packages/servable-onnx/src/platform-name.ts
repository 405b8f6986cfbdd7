/** The name of the platform. */
export const PLATFORM_NAME = "onnx";
