"""A handler as Hugging Face's inference endpoints have it: it is left as it is."""


class EndpointHandler:
    def __init__(self, path=""):
        self.words = {"good": 1.0, "bad": -1.0}

    def __call__(self, data):
        scores = [sum(self.words.get(word, 0.0) for word in text.split()) for text in data["inputs"]]
        return [{"label": "POSITIVE" if score > 0 else "NEGATIVE", "score": score} for score in scores]
