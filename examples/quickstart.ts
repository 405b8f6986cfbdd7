import { readFileSync } from "node:fs";
import { AspiredVersionsManager } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";
import { filesystemSource } from "@serving-kit/source-filesystem";

const basePath = `${import.meta.dirname}/models/digits`; // contains the version folders 1, 2, …
const source = filesystemSource({ servables: [{ name: "digits", basePath }] });
const manager = AspiredVersionsManager.from(source.pipe(tflite()));
await manager.available({ name: "digits" });

const [{ image, label }] = JSON.parse(readFileSync(`${basePath}/samples.json`, "utf8"));
const digits = manager.acquire({ name: "digits" }); // a handle to the newest loaded version
const answer = await digits.servable.predict({ image: tensor("float32", [1, 64], image) });
digits.release();
console.log(`a picture of a ${label}:`, answer.probabilities);
await manager.close();
