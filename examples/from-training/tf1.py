"""Exports a graph of TensorFlow 1 with the builder, as old training scripts do."""

import tensorflow.compat.v1 as tf

with tf.Graph().as_default(), tf.Session() as session:
    x = tf.placeholder(tf.float32, [None], name="x")
    slope = tf.Variable(0.5, use_resource=True)
    y = tf.add(x * slope, 2.0, name="y")
    session.run(tf.global_variables_initializer())
    builder = tf.saved_model.Builder("models/half_plus_two/1")
    signature = tf.saved_model.predict_signature_def({"x": x}, {"y": y})
    builder.add_meta_graph_and_variables(
        session, [tf.saved_model.tag_constants.SERVING], {"serving_default": signature}
    )
    builder.save()
