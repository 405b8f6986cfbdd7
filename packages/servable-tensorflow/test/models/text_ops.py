"""Saves a model with ops of TF Text below a folder, and prints Python's answer as JSON."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
import tensorflow_text as text


class Tokenizer(tf.Module):
    def __init__(self):
        super().__init__()
        self.tokenizer = text.WhitespaceTokenizer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="sentence")])
    def serve(self, sentence):
        tokens = self.tokenizer.tokenize(sentence)
        return {"tokens": tokens.to_tensor(""), "count": tokens.row_lengths()}


module = Tokenizer()
tf.saved_model.save(module, sys.argv[1], signatures={"serving_default": module.serve})
answer = module.serve(tf.constant(["to be or", "not  to be at all"]))
print(json.dumps({"count": answer["count"].numpy().tolist(), "shape": answer["tokens"].shape.as_list()}))
