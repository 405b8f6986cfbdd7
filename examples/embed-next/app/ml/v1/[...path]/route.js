import { modelServer } from "../../../../models.js";

/** POST /ml/v1/models/digits:predict, GET /ml/v1/models/digits, … */
async function answer(request) {
  const models = await modelServer();
  return models.fetch(new Request(request.url.replace("/ml/", "/"), request));
}

export { answer as GET, answer as POST };
