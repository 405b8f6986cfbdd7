"""Trains a tokenizer and a small net on the messages of ../scikit-learn, and writes topic/1: the tokenizer, the labels
and the model as .tflite.

Needs tensorflow 2.21 and tokenizers 0.23.
"""

import csv
from pathlib import Path

import numpy as np
import tensorflow as tf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

here = Path(__file__).parent
folder = here / "topic/1"
LENGTH = 24

with (here / "../scikit-learn/messages.csv").open() as file:
    rows = list(csv.DictReader(file))
texts = [row["text"] for row in rows]
labels = sorted({row["topic"] for row in rows})
topics = np.array([labels.index(row["topic"]) for row in rows])

tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=400, special_tokens=special))
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
tokenizer.enable_truncation(LENGTH)
tokenizer.enable_padding(length=LENGTH)

tf.keras.utils.set_random_seed(7)
ids = tf.keras.Input([LENGTH], dtype="int32", name="input_ids")
mask = tf.keras.Input([LENGTH], dtype="int32", name="attention_mask")
words = tf.keras.layers.Embedding(tokenizer.get_vocab_size(), 16)(ids)
weights = tf.keras.ops.expand_dims(tf.keras.ops.cast(mask, "float32"), -1)
mean = tf.keras.ops.sum(words * weights, 1) / tf.keras.ops.sum(weights, 1)
logits = tf.keras.layers.Dense(len(labels), name="logits")(mean)
model = tf.keras.Model([ids, mask], logits)
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
encoded = tokenizer.encode_batch(texts)
inputs = [np.array([e.ids for e in encoded], np.int32), np.array([e.attention_mask for e in encoded], np.int32)]
model.fit(inputs, topics, epochs=300, batch_size=16, verbose=0)

folder.mkdir(parents=True, exist_ok=True)
tokenizer.save(str(folder / "tokenizer.json"))
(folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
(folder / "model.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
print(labels, (model.predict(inputs, verbose=0).argmax(1) == topics).mean())
