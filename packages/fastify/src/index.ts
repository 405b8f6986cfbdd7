/**
 * The HTTP routes of a model server inside a Fastify app.
 *
 * @packageDocumentation
 */
export { type ServingKitOptions, servingKit } from "./serving-kit.js";
