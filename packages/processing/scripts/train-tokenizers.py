"""Trains the tokenizers of the tests, and writes what Hugging Face's Python makes of a thousand lines.

Needs `tokenizers` of requirements.txt. Writes test/tokenizers/*: the lines, three tokenizer.json, a vocab.txt, and the
tokens of each line.
"""

import gzip
import json
import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

folder = Path(__file__).parent.parent / "test" / "tokenizers"

WORDS = {
    "Latin": "the cat sat on a mat café naïve Zürich señor coöperate doesn't isn't It's re-enter e.g. U.S. "
    "résumé Ångström straße fiancée Éclair don’t “quoted” (brackets) 3.14 1,000 v2.0 foo_bar C++ a/b",
    "Cyrillic": "кошка сидит на коврике Москва ёлка йод объём подъезд что-то «цитата» привет мир дом река "
    "красивый быстро Україна їжак ґанок",
    "Arabic": "القطة تجلس على السجادة مرحبا بالعالم كِتَاب مدرسة، قلم؟ بيت كبير الشمس ١٢٣ سلام عليكم لا إله",
    "Devanagari": "बिल्ली चटाई पर बैठी है नमस्ते दुनिया किताब विद्यालय। क्या हाल है सूर्य १२३ हिन्दी भाषा",
    "Han": "猫坐在垫子上 你好世界 北京 上海。 今天天气很好， 学习 机器学习 模型！ 東京 日本語 漢字 电脑 一二三",
}
EXTRA = ["😀", "👩‍👩‍👧", "…", "—", "\u00a0", "e\u0301", "ﬁ", "①", "[MASK]", "x²", "½", "€5", "#tag", "@name", "\t"]


def lines(count=1000):
    rng = random.Random(24)
    scripts = list(WORDS)
    for i in range(count):
        script = scripts[i % len(scripts)]
        words = WORDS[script].split()
        chosen = [rng.choice(words) for _ in range(rng.randint(1, 14))]
        if rng.random() < 0.3:
            chosen.insert(rng.randrange(len(chosen) + 1), rng.choice(EXTRA))
        if rng.random() < 0.15:
            chosen.append(rng.choice(WORDS[rng.choice(scripts)].split()))
        if rng.random() < 0.1:
            chosen = [word.upper() for word in chosen]
        yield (" " if rng.random() < 0.9 else "  ").join(chosen) + rng.choice(["", ".", "!", "?", " "])


def wordpiece(corpus):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    one = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    one.normalizer = normalizers.BertNormalizer(lowercase=True)
    one.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    one.decoder = decoders.WordPiece()
    one.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=700, special_tokens=special))
    one.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    one.enable_truncation(24)
    one.enable_padding(length=24)
    return one


def bpe(corpus):
    one = Tokenizer(models.BPE())
    one.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    one.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=special, initial_alphabet=alphabet)
    one.train_from_iterator(corpus, trainer)
    one.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    one.enable_truncation(32, direction="left")
    one.enable_padding(pad_id=2, pad_token="<pad>", direction="left", pad_to_multiple_of=8)
    return one


def unigram(corpus):
    special = ["<pad>", "</s>", "<unk>"]
    one = Tokenizer(models.Unigram())
    one.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("\t", " ")])
    one.pre_tokenizer = pre_tokenizers.Metaspace()
    one.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=700, special_tokens=special, unk_token="<unk>")
    one.train_from_iterator(corpus, trainer)
    one.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return one


if __name__ == "__main__":
    folder.mkdir(exist_ok=True)
    texts = list(lines())
    (folder / "lines.txt").write_text("".join(f"{line}\n" for line in texts))
    tokens = {}
    for make in (wordpiece, bpe, unigram):
        one = make(texts)
        one.save(str(folder / f"{make.__name__}.json"), pretty=False)
        encoded = [[e.ids, e.attention_mask] for e in (one.encode(line) for line in texts)]
        batch = [[e.ids, e.attention_mask] for e in one.encode_batch(texts[:50])]
        tokens[make.__name__] = {"lines": [ids for ids, _ in encoded], "batch": batch}
        if make is wordpiece:
            vocab = sorted(one.get_vocab().items(), key=lambda item: item[1])
            (folder / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in vocab))
    packed = gzip.compress(json.dumps(tokens).encode(), mtime=0)
    (folder / "tokens.json.gz").write_bytes(packed)
