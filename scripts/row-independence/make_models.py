"""Makes SavedModels and .tflite files whose rows are known to be independent or not, and truth.<set>.json.

make_models.py FOLDER SET: `independent`, `dependent`, `numerics`, `holdout` (dependent ones that defeat a probe, and four
independent ones), `own` and `unseen` (ten more dependent ones each; `unseen` was not run before the op tables were done).
"""
import json, os, sys, traceback
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf, keras
from keras import layers as L
OUT, truth, rng = sys.argv[1], {}, np.random.default_rng(7)
tf.random.set_seed(7); keras.utils.set_random_seed(7)
F, I, I64, S = tf.float32, tf.int32, tf.int64, tf.string
spec = tf.TensorSpec

def made(name, independent, note=""):
    truth[name] = {"independent": independent, "note": note}

def attempt(make):
    try: make()
    except Exception as e: print("FAILED", getattr(make, "__name__", make), str(e)[-300:].replace("\n", " "))

def keras_model(name, inputs, outputs, note="", independent=True, lite=()):
    def go():
        m = keras.Model(inputs, outputs)
        for v in m.trainable_variables: v.assign(v + rng.normal(0, .05, v.shape))
        for v in m.non_trainable_variables:
            if "moving_mean" in v.path: v.assign(rng.normal(0, .3, v.shape))
            if "moving_var" in v.path: v.assign(rng.uniform(.5, 2, v.shape))
        m.export(f"{OUT}/{name}/1", verbose=False); made(name, independent, note)
        for kind in lite: attempt(lambda: convert(name, kind, m, independent))
    go.__name__ = name; attempt(go)

def convert(name, kind, m, independent=True):
    c = tf.lite.TFLiteConverter.from_saved_model(f"{OUT}/{name}/1", signature_keys=["serving_default"])
    if kind != "f32": c.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "f16": c.target_spec.supported_types = [tf.float16]
    if kind.startswith("int8"):
        def data():
            for _ in range(40): yield {i.name: np.float32(rng.uniform(0, 1, [1, *i.shape[1:]])) for i in m.inputs}
        c.representative_dataset = data; c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if kind == "int8io": c.inference_input_type = c.inference_output_type = tf.int8
    c._experimental_disable_per_channel_quantization_for_dense_layers = True  # TensorFlow Lite 2.9 miscomputes it
    b = c.convert(); d = f"{OUT}/{name}.{kind}/1"; os.makedirs(d, exist_ok=True)
    open(f"{d}/model.tflite", "wb").write(b); made(f"{name}.{kind}", independent, "tflite")

def fn(name, independent, note, specs, f, module=None, lite=False):
    def go():
        m = module or tf.Module()
        m.f = tf.function(f, input_signature=specs)
        def named(*a):
            y = m.f(*a); return y if isinstance(y, dict) else {"y": y}
        g = tf.function(named, input_signature=specs)
        m.g = g
        tf.saved_model.save(m, f"{OUT}/{name}/1", signatures={"serving_default": g}); made(name, independent, note)
        if lite: attempt(lambda: convert(name, "f32", None, independent))
    go.__name__ = name; attempt(go)

A4 = ("f32", "f16", "dyn", "int8io")
def x(*shape, dtype="float32"): return keras.Input(shape, dtype=dtype)
def const(*shape, scale=1.): return tf.constant(rng.normal(0, scale, shape), F)

def independent():
    i = x(20); keras_model("mlp", i, L.Dense(5, "softmax")(L.Dense(64, "relu")(L.Dense(64, "relu")(i))), lite=A4)
    i = x(20); h = L.Dropout(.5)(L.BatchNormalization()(L.Dense(32, "relu")(i))); keras_model("mlp_bn_dropout", i, L.Dense(3)(h), lite=("f32",))
    i = x(1024); keras_model("dense_large", i, L.Dense(512)(L.Dense(2048, "gelu")(i)), lite=("dyn",))
    i = x(28, 28, 1); h = L.MaxPooling2D()(L.Conv2D(16, 3, activation="relu")(i)); h = L.GlobalAveragePooling2D()(L.Conv2D(32, 3, activation="relu")(h)); keras_model("cnn", i, L.Dense(10, "softmax")(h), lite=A4)
    i = x(32, 32, 3); h = L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same")(L.Conv2D(8, 3, strides=2)(i))); h = L.SeparableConv2D(16, 3, activation="relu")(h); keras_model("depthwise", i, L.Dense(4)(L.Flatten()(h)), lite=A4)
    i = x(16, 16, 3); a = L.Conv2D(8, 3, padding="same", activation="relu")(i); b = L.Conv2D(8, 3, padding="same")(a); keras_model("resnet_block", i, L.Dense(3)(L.GlobalMaxPooling2D()(L.Add()([a, b]))))
    i = x(16, 16, 3); a = L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(i); keras_model("unet_transpose", i, L.Conv2DTranspose(2, 3, strides=2, padding="same")(a), lite=("f32",))
    i = x(12, 6); keras_model("lstm", i, L.Dense(2)(L.LSTM(16)(i)), lite=("f32",))
    i = x(12, 6); keras_model("lstm_unrolled", i, L.Dense(2)(L.LSTM(16, unroll=True)(i)), lite=("f32", "dyn"))
    i = x(None, 6); keras_model("gru_variable", i, L.Dense(2)(L.GRU(16, return_sequences=True)(i)))
    i = x(None, dtype="int32"); keras_model("bilstm_mask", i, L.Dense(2, "sigmoid")(L.Bidirectional(L.LSTM(16))(L.Embedding(50, 8, mask_zero=True)(i))))
    i = x(10, dtype="int64"); keras_model("embedding_ids", i, L.Dense(3)(L.GlobalAveragePooling1D()(L.Embedding(10, 8)(i))), lite=("f32",))
    i = x(None, 8); h = L.Conv1D(16, 3, padding="causal", activation="relu")(i); keras_model("conv1d_variable", i, L.Conv1D(4, 3, padding="same")(h))
    i = x(16, 8); keras_model("conv1d_fixed", i, L.Dense(2)(L.Flatten()(L.Conv1D(16, 3)(i))), lite=("f32",))
    i = x(16, dtype="int32"); h = L.Embedding(100, 32)(i); h = L.LayerNormalization()(h + L.MultiHeadAttention(4, 8)(h, h)); h = L.LayerNormalization()(h + L.Dense(32)(L.Dense(64, "gelu")(h))); keras_model("transformer", i, L.Dense(7, "softmax")(L.GlobalAveragePooling1D()(h)), lite=("f32", "dyn"))
    i = x(None, dtype="int32"); h = L.Embedding(100, 32, mask_zero=True)(i); h = h + L.MultiHeadAttention(2, 8)(h, h); keras_model("transformer_masked", i, L.Dense(7)(L.GlobalAveragePooling1D()(h)))
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    i = x(dtype="string"); keras_model("textvec_fixed", i, L.Dense(2)(L.GlobalAveragePooling1D()(L.Embedding(10, 8)(L.TextVectorization(vocabulary=words, output_sequence_length=8)(i)))))
    i = x(dtype="string"); keras_model("textvec_tfidf", i, L.Dense(2)(L.TextVectorization(vocabulary=words, output_mode="multi_hot")(i)))
    i = x(3, dtype="string"); keras_model("string_lookup", i, L.Dense(2)(L.StringLookup(vocabulary=words, output_mode="multi_hot")(i)))
    i, j, k = x(4), x(1, dtype="int64"), x(1, dtype="string")
    h = L.Concatenate()([L.Normalization(mean=0., variance=2.)(i), L.CategoryEncoding(8, output_mode="one_hot")(j), L.Hashing(12, output_mode="one_hot")(k)]); h = L.Dense(16, "relu")(h)
    keras_model("wide_deep", [i, j, k], [L.Dense(1, "sigmoid")(h), L.Dense(4, "softmax")(h)])
    i, j = x(8), x(8); d = L.Dense(8, "tanh"); keras_model("siamese", [i, j], L.Dot(1, normalize=True)([d(i), d(j)]), lite=("f32",))
    i = x(8, 8, 4); keras_model("group_norm", i, L.GroupNormalization(2)(L.Conv2D(4, 3)(i)))
    i = x(6, 8, 8, 1); keras_model("conv_lstm", i, L.Dense(1)(L.Flatten()(L.ConvLSTM2D(4, 3)(i))))
    i = x(20); h = i
    for _ in range(6): h = L.Dense(32, "relu", kernel_initializer=keras.initializers.RandomNormal(stddev=1.))(h)
    keras_model("ill_conditioned", i, L.Dense(4)(keras.ops.sin(h)))
    keras.mixed_precision.set_global_policy("mixed_float16"); i = x(32); keras_model("float16_mlp", i, L.Dense(8)(L.Dense(64, "relu")(i))); keras.mixed_precision.set_global_policy("mixed_bfloat16")
    i = x(16, 16, 3); keras_model("bfloat16_cnn", i, L.Dense(8)(L.Flatten()(L.Conv2D(8, 3)(i)))); keras.mixed_precision.set_global_policy("float32")
    attempt(lambda: big("mobilenet_v2", keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10), ("f32", "dyn", "int8io")))
    attempt(lambda: big("efficientnet_b0", keras.applications.EfficientNetB0(input_shape=(64, 64, 3), weights=None, classes=10), ()))
    w = const(16, 16)
    fn("float64_mlp", True, "", [spec([None, 16], tf.float64)], lambda a: tf.tanh(a @ tf.cast(w, tf.float64)))
    fn("xla_mlp", True, "jit_compile", [spec([None, 16], F)], tf.function(lambda a: tf.nn.softmax(tf.tanh(a @ w) @ w), jit_compile=True))
    fn("topk_per_row", True, "classes as text", [spec([None, 16], F)], lambda a: (lambda t: {"scores": t.values, "classes": tf.as_string(t.indices)})(tf.math.top_k(tf.nn.softmax(a @ w), 3)))
    fn("argmax", True, "int out", [spec([None, 16], F)], lambda a: tf.argmax(a @ w, 1))
    table = const(10, 4)
    def unique_embed(i):
        u, idx = tf.unique(i); return tf.gather(tf.gather(table, u), idx)
    fn("unique_embedding", True, "unique ids, gathered back", [spec([None], I64)], unique_embed)
    fn("map_fn", True, "a while loop over rows", [spec([None, 16], F)], lambda a: tf.map_fn(lambda r: tf.cumsum(r) * tf.reduce_max(r), a))
    fn("cond_per_row", True, "where", [spec([None, 16], F)], lambda a: tf.where(tf.reduce_mean(a, 1, keepdims=True) > .5, a @ w, -a))
    fn("ids_scatter_atomic", True, "segment sum by row", [spec([None, 64], F)], lambda a: tf.math.unsorted_segment_sum(tf.reshape(a, [-1]), tf.repeat(tf.range(tf.shape(a)[0]), 64), tf.shape(a)[0]))
    fn("jpeg", True, "decodes text", [spec([None], S)], lambda s: tf.map_fn(lambda r: tf.image.resize(tf.image.decode_jpeg(r, 3), [8, 8]), s, fn_output_signature=F))
    fn("tf_example", True, "parses tf.Example", [spec([None], S)], lambda s: tf.io.parse_example(s, {"x": tf.io.FixedLenFeature([3], F, [0., 0., 0.])})["x"] * 2.)
    fn("json_like", True, "string_to_number", [spec([None], S)], lambda s: tf.strings.to_number(s) * 2.)
    fn("split_masked_pool", True, "pads to the longest, pools with a mask: shape of an inner tensor depends", [spec([None], S)], lambda s: (lambda r: tf.reduce_sum(tf.one_hot(tf.strings.to_hash_bucket_fast(r.to_tensor(""), 8), 8) * tf.cast(r.to_tensor("") != "", F)[..., None] * .1, 1))(tf.strings.split(s)))
    fn("image_dims", True, "variable image size", [spec([None, None, None, 3], F)], lambda a: tf.reduce_mean(tf.nn.conv2d(a, const(3, 3, 3, 4), 1, "SAME"), [1, 2]))

def big(name, m, lite):
    for v in m.trainable_variables: v.assign(v + rng.normal(0, .01, v.shape))
    m.export(f"{OUT}/{name}/1", verbose=False); made(name, True)
    for kind in lite: attempt(lambda: convert(name, kind, m))

def dependent():
    w = const(8, 8); s8 = [spec([None, 8], F)]
    D = lambda name, note, f, specs=s8, lite=False, module=None: fn(name, False, note, specs, f, module, lite)
    D("batch_mean", "", lambda a: a - tf.reduce_mean(a, 0), lite=True)
    i = x(8); keras_model("bn_training", i, L.Dense(3)(L.BatchNormalization()(L.Dense(8)(i), training=True)), independent=False, lite=("f32",))
    D("weak_batch_mean", "a thousandth of the batch mean", lambda a: a @ w + 1e-3 * tf.reduce_mean(a, 0), lite=True)
    D("cumsum", "", lambda a: tf.cumsum(a, 0), lite=True)
    D("softmax_axis0", "", lambda a: tf.nn.softmax(a @ w, 0))
    D("sort", "", lambda a: tf.sort(a, 0))
    D("argsort_rank", "rank among rows", lambda a: tf.argsort(tf.reduce_sum(a, 1)))
    D("unique_index", "", lambda a: tf.unique(a).idx, [spec([None], I)])
    D("unique_values", "", lambda a: tf.unique(a).y, [spec([None], I)])
    D("topk_over_batch", "marks the best row", lambda a: tf.cast(a[:, 0] >= tf.math.top_k(a[:, 0], 1).values[0], F))
    D("max_normalised", "divided by the batch's largest", lambda a: a / tf.reduce_max(a))
    D("fake_quant_batch", "quantized by the batch's range", lambda a: tf.quantization.fake_quant_with_min_max_vars(a, tf.reduce_min(a), tf.reduce_max(a)))
    i = x(8); keras_model("dropout_training", i, L.Dropout(.3)(L.Dense(8)(i), training=True), independent=False)
    D("sample", "random state", lambda a: tf.random.categorical(a, 1)[:, 0])
    D("sample_stateless", "fixed seed, noise by position", lambda a: a + tf.random.stateless_normal(tf.shape(a), [1, 2]))
    D("position_added", "x + row number", lambda a: a + tf.cast(tf.range(tf.shape(a)[0]), F)[:, None], lite=True)
    D("position_small", "x + row number / 1000", lambda a: a + tf.cast(tf.range(tf.shape(a)[0]), F)[:, None] / 1000)
    m = tf.Module(); m.v = tf.Variable(0.); D("counter", "calls counted", lambda a: a + m.v.assign_add(1.), module=m)
    m2 = tf.Module(); m2.v = tf.Variable(tf.zeros([8])); D("running_mean", "state of former calls", lambda a: a - m2.v.assign(.9 * m2.v + .1 * tf.reduce_mean(a, 0)), module=m2)
    D("times_n", "", lambda a: a * tf.cast(tf.shape(a)[0], F), lite=True)
    D("divided_by_n_weak", "x(1 + n/1000)", lambda a: a * (1 + tf.cast(tf.shape(a)[0], F) / 1000))
    D("similarity", "[n, n]", lambda a: tf.matmul(a, a, transpose_b=True))
    D("clip_logits", "two inputs, [n, m] declared", lambda a, b: {"per_image": tf.matmul(tf.nn.l2_normalize(a, 1), tf.nn.l2_normalize(b, 1), transpose_b=True), "image": a}, [spec([None, 8], F, "a"), spec([None, 8], F, "b")])
    D("contrastive_loss_row", "softmax over similarities, own entry", lambda a: tf.linalg.diag_part(tf.nn.softmax(tf.matmul(a, a, transpose_b=True))))
    D("boolean_mask", "keeps rows whose first is > 0.5", lambda a: tf.boolean_mask(a, a[:, 0] > .5))
    D("mask_positive", "drops rows that sum to <= 0", lambda a: tf.boolean_mask(a, tf.reduce_sum(a, 1) > 0))
    D("nonzero", "where", lambda a: tf.where(a[:, 0] > .2))
    D("ragged_to_dense", "[n, longest]", lambda s: tf.strings.split(s).to_tensor(""), [spec([None], S)])
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    i = x(dtype="string"); keras_model("textvec_longest", i, L.Dense(2)(L.GlobalAveragePooling1D()(L.Embedding(10, 8)(L.TextVectorization(vocabulary=words)(i)))), "mean over padding to the longest row", False)
    D("attention_rows", "", lambda a: tf.nn.softmax(a @ tf.transpose(a)) @ a, lite=True)
    D("time_axis_lstm", "dimension 0 is time", lambda a: tf.scan(lambda h, r: tf.tanh(h @ w + r[None])[0:1], a, tf.zeros([1, 8]))[:, 0])
    D("signal_conv", "[samples] -> [samples]", lambda a: tf.nn.conv1d(a[None, :, None], w[:3, :1, None], 1, "SAME")[0, :, 0], [spec([None], F)], lite=True)
    D("neighbour_zero", "row - next row, last against 0", lambda a: a - tf.concat([a[1:], tf.zeros_like(a[:1])], 0))
    D("reversed", "", lambda a: a[::-1], lite=True)
    D("first_row", "row 0 for all", lambda a: a * 0 + a[:1])
    D("segment_mean", "mean of the rows with the same id", lambda v, i: tf.gather(tf.math.unsorted_segment_mean(v, i, 100), i), [spec([None], F, "v"), spec([None], I, "i")])
    D("nms", "boxes", lambda b: tf.gather(b, tf.image.non_max_suppression(b, tf.reduce_sum(b, 1), 100)), [spec([None, 4], F)])
    D("size_switch", "batch mean from 8 rows on", lambda a: tf.cond(tf.shape(a)[0] >= 8, lambda: a - tf.reduce_mean(a, 0), lambda: a - 0.))
    D("chunks_of_4", "attention among 4 rows at a time, padded", lambda a: (lambda p: tf.reshape(p - tf.reduce_mean(p, 1, keepdims=True) * 0 - tf.cumsum(p, 1, exclusive=True), [-1, 8])[:tf.shape(a)[0]])(tf.reshape(tf.pad(a, [[0, -tf.shape(a)[0] % 4], [0, 0]]), [-1, 4, 8])))
    D("outlier_switch", "any value > 1000: zeros", lambda a: tf.cond(tf.reduce_any(a > 1000.), lambda: a * 0, lambda: a @ w))
    D("rare_gate", "relu(batch max - 50) added", lambda a: a + tf.nn.relu(tf.reduce_max(a) - 50.))
    D("nan_spreads", "0 * batch sum added", lambda a: a @ w + 0 * tf.reduce_sum(a))
    D("rounded_mean", "argmax with the batch mean", lambda a: tf.argmax(a @ w - tf.reduce_mean(a @ w, 0), 1))
    D("argmax_weak", "class of x + batch mean / 10", lambda a: tf.argmax(a @ w + tf.reduce_mean(a @ w, 0) / 10, 1))

def numerics():
    """Independent, and large enough for threads to share one row's sums."""
    w = const(50000, 8, scale=.01); fn("n_wide_k", True, "50,000 products a sum", [spec([None, 50000], F)], lambda a: a @ w)
    wb = tf.cast(w, tf.bfloat16); fn("n_wide_k_bf16", True, "the same in bfloat16", [spec([None, 50000], F)], lambda a: tf.cast(tf.cast(a, tf.bfloat16) @ wb, F))
    fn("n_reduce", True, "means of 200,000", [spec([None, 200000], F)], lambda a: {"mean": tf.reduce_mean(a, 1), "norm": tf.nn.l2_normalize(a, 1)[:, :8], "lse": tf.reduce_logsumexp(a, 1)})
    fn("n_scatter", True, "unsorted_segment_sum with 1,000 terms a segment", [spec([None, 20000], F)], lambda a: tf.reshape(tf.math.unsorted_segment_sum(tf.reshape(a, [-1]), (lambda n: tf.reshape(tf.range(n)[:, None] * 20 + tf.range(20000)[None] % 20, [-1]))(tf.shape(a)[0]), tf.shape(a)[0] * 20), [-1, 20]))
    fn("n_sparse", True, "embedding_lookup_sparse", [spec([None, 500], I)], lambda i: tf.nn.safe_embedding_lookup_sparse(const(10, 16), tf.sparse.from_dense(tf.cast(i, I64))))
    i = x(128, 128, 3); h = L.Conv2D(32, 5, strides=2, activation="relu")(i); h = L.Conv2D(32, 3, activation="relu")(h); keras_model("n_conv", i, L.Dense(10)(L.GlobalAveragePooling2D()(L.Conv2DTranspose(8, 4, strides=2)(h))), lite=("f32",))
    i = x(256, 64); h = i + L.MultiHeadAttention(4, 16)(i, i); keras_model("n_attention", i, L.LayerNormalization()(h))
    i = x(64, 64); keras_model("n_bilstm", i, L.Dense(4)(L.Bidirectional(L.LSTM(128))(i)))
    i = x(32, 32, 3, 4) if False else x(8, 24, 24, 3); keras_model("n_conv3d", i, L.Dense(3)(L.Flatten()(L.Conv3D(8, 3)(i))))
    fn("n_fft", True, "stft", [spec([None, 8000], F)], lambda a: tf.abs(tf.signal.stft(a, 256, 128)))
    fn("n_xla_softmax", True, "jit_compile", [spec([None, 50000], F)], tf.function(lambda a: tf.nn.softmax(a @ w), jit_compile=True))
    fn("n_poison", False, "0 * batch sum added to a dense layer", [spec([None, 8], F)], lambda a: a @ const(8, 8) + 0 * tf.reduce_sum(a))

def holdout():
    """Made after the rule was settled."""
    w = const(8, 8); s8 = [spec([None, 8], F)]; D = lambda n, note, f, sp=s8: fn("h_" + n, False, note, sp, f); N = lambda n, note, f, sp=s8: fn("h_" + n, True, note, sp, f)
    D("switch_64", "batch mean from 64 rows on", lambda a: tf.cond(tf.shape(a)[0] >= 64, lambda: a - tf.reduce_mean(a, 0), lambda: a - 0.))
    D("odd_sizes", "batch mean where n is 17 or 21", lambda a: tf.cond(tf.reduce_any(tf.shape(a)[0] == [17, 21]), lambda: a - tf.reduce_mean(a, 0), lambda: a - 0.))
    D("exact_value", "any value 7.25: zeros", lambda a: tf.cond(tf.reduce_any(a == 7.25), lambda: a * 0, lambda: a @ w))
    D("long_text", "any text beyond 200 bytes: zeros", lambda t: tf.cast(tf.strings.length(t), F) * (1. - tf.cast(tf.reduce_any(tf.strings.length(t) > 200), F)), [spec([None], S)])
    D("large_id", "any id > 1000: zeros", lambda i: i * tf.cast(tf.reduce_all(i <= 1000), I), [spec([None, 3], I)])
    D("median_clip", "clipped at thrice the batch median of |x|", lambda a: tf.minimum(a, 3 * tf.sort(tf.reshape(tf.abs(a), [-1]))[tf.size(a) // 2]))
    D("duplicate_flag", "whether another row is equal", lambda a: {"y": a @ w, "dup": tf.reduce_sum(tf.cast(tf.reduce_all(a[:, None] == a[None], 2), F), 1) > 1})
    D("group_topk", "rank among rows with the same of 100,000 ids", lambda v, i: {"rank": tf.reduce_sum(tf.cast((v[None] > v[:, None]) & (i[None] == i[:, None]), I), 1), "v": v}, [spec([None], F, "v"), spec([None], I64, "i")])
    D("batch_temperature", "softmax over the classes, temperature by batch std", lambda a: tf.nn.softmax((a @ w) / (1 + .01 * tf.math.reduce_std(a))))
    m = tf.Module(); m.v = tf.Variable(0); fn("h_every_500th", False, "each 500th call answers zeros", s8, lambda a: a * tf.cast(m.v.assign_add(1) % 500 != 0, F), m)
    N("sorted_by_length", "sorted over the batch and put back", lambda a: (lambda o: tf.gather(tf.gather(a @ w, o), tf.argsort(o)))(tf.argsort(tf.reduce_sum(a, 1))))
    N("dedupe_back", "unique rows, gathered back", lambda a: (lambda u: tf.gather(tf.tanh(u[0] @ w), u[1]))(tf.raw_ops.UniqueV2(x=a, axis=[0])))
    N("ragged_row_len", "ragged sums by word", lambda t: tf.reduce_sum(tf.cast(tf.strings.length(tf.strings.split(t)), F), 1), [spec([None], S)])
    N("moe_top1", "experts, rows dispatched and put back", lambda a: (lambda e: tf.dynamic_stitch(tf.dynamic_partition(tf.range(tf.shape(a)[0]), e, 2), [x @ (w * (k + 1.)) for k, x in enumerate(tf.dynamic_partition(a, e, 2))]))(tf.cast(tf.reduce_sum(a @ w, 1) > 0, I)))

def own():
    """Dependent models of ten more kinds."""
    w = const(8, 8); s8 = [spec([None, 8], F)]; D = lambda n, f, sp=s8, lite=False: fn("o_" + n, False, "", sp, f, lite=lite)
    D("layer_norm_over_batch", lambda a: tf.transpose((lambda t: (t - tf.reduce_mean(t, 1, keepdims=True)) * tf.math.rsqrt(tf.math.reduce_variance(t, 1, keepdims=True) + 1e-3))(tf.transpose(a))), lite=True)
    D("halves_swapped", lambda a: (lambda p: tf.reshape(tf.reverse(tf.reshape(p, [2, -1, 8]), [0]), [-1, 8])[:tf.shape(a)[0]])(tf.pad(a, [[0, tf.shape(a)[0] % 2], [0, 0]])))
    D("gram_einsum", lambda a: tf.einsum("nm,mi->ni", tf.nn.sigmoid(tf.einsum("ni,mi->nm", a, a)), a @ w))
    D("rolled", lambda a: tf.roll(a @ w, 1, 0))
    D("last_row_gathered", lambda a: a + tf.gather(a @ w, tf.fill([tf.shape(a)[0]], tf.shape(a)[0] - 1)))
    D("last_of_id_wins", lambda v, i: tf.gather(tf.tensor_scatter_nd_update(tf.zeros([100]), i[:, None] % 100, v), i % 100), [spec([None], F, "v"), spec([None], I, "i")])
    D("steps_by_batch", lambda a: tf.while_loop(lambda x: tf.reduce_sum(tf.abs(x)) > 1., lambda x: [x * .5], [a])[0])
    D("quantile_bucket", lambda a: tf.cast(a > tf.sort(tf.reshape(a, [-1]))[tf.size(a) // 4], F))
    D("conv_over_rows", lambda a: tf.nn.conv1d(a[None], tf.reshape(w, [1, 8, 8]) * tf.ones([3, 1, 1]), 1, "SAME")[0], lite=True)
    D("moments_of_all", lambda a: (lambda m: (a - m[0]) / tf.sqrt(m[1] + 1e-3))(tf.nn.moments(a, [0, 1])), [spec([None, 4, 8], F)], True)

def unseen():
    """Ten more, not looked at before the op tables were done."""
    w = const(8, 8); s8 = [spec([None, 8], F)]; D = lambda n, f, sp=s8, lite=False: fn("u_" + n, False, "", sp, f, lite=lite)
    D("transposed_back_wrong", lambda a: tf.reshape(tf.transpose(tf.reshape(a, [-1, 4, 2]), [1, 0, 2]), [-1, 4, 2]), lite=True)
    D("count_as_feature", lambda a: tf.concat([a @ w, tf.cast(tf.fill([tf.shape(a)[0], 1], tf.shape(a)[0]), F) * .01], 1))
    D("position_in_cycle", lambda a: a + tf.gather(const(4, 8), tf.range(tf.shape(a)[0]) % 4))
    D("running_total", lambda a: tf.cumsum(tf.ones_like(a[:, 0])) + tf.reduce_sum(a, 1))
    D("largest_boosted", lambda a: a + tf.one_hot(tf.argmax(tf.reduce_sum(a, 1)), tf.shape(a)[0])[:, None])
    D("first_decides", lambda a: tf.cond(a[0, 0] > .5, lambda: a @ w, lambda: a))
    D("padded_shift", lambda a: tf.pad(a, [[1, 0], [0, 0]])[:-1], lite=True)
    D("scan_of_rows", lambda a: tf.scan(lambda s, r: .5 * s + r, a))
    D("count_of_id", lambda i: (lambda u: tf.gather(u.count, u.idx))(tf.unique_with_counts(i)), [spec([None], I)])
    D("projected_on_batch", lambda a: a @ tf.matmul(a, a, transpose_a=True), lite=True)

SETS = {"independent": independent, "dependent": dependent, "numerics": numerics, "holdout": holdout, "own": own, "unseen": unseen}
SETS[sys.argv[2]]()
json.dump(truth, open(f"{OUT}/truth.{sys.argv[2]}.json", "w"), indent=1)
print(len(truth), "models")
