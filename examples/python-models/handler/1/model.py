from handler import EndpointHandler


class Model:
    batchable = True
    signatures = {
        "inputs": {"text": ("string", [-1])},
        "outputs": {"label": ("string", [-1]), "score": ("float32", [-1])},
    }

    def load(self, path):
        self.handler = EndpointHandler(path)

    def predict(self, inputs):
        answers = self.handler({"inputs": [text.decode() for text in inputs["text"]]})
        return {
            "label": [answer["label"] for answer in answers],
            "score": [answer["score"] for answer in answers],
        }
