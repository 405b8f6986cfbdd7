"""Prints, as JSON, texts in protobuf's text format that set every field of TF Serving's configuration messages."""

import json

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.config import model_server_config_pb2

MAX_DEPTH = 4


def fill(message, depth=0):
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and field.containing_oneof.fields[0] is not field:
            continue
        repeated = getattr(field, "is_repeated", None)
        if repeated is None:
            repeated = field.label == FieldDescriptor.LABEL_REPEATED
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            if value.message_type is None:
                is_text = field.message_type.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING
                one = "x" if value.type == FieldDescriptor.TYPE_STRING else 1
                getattr(message, field.name)["k" if is_text else 1] = one
        elif field.message_type is not None:
            if depth < MAX_DEPTH:
                inner = getattr(message, field.name)
                inner = inner.add() if repeated else inner
                inner.SetInParent()
                fill(inner, depth + 1)
        else:
            value = {
                FieldDescriptor.CPPTYPE_STRING: "x" if field.type == FieldDescriptor.TYPE_STRING else b"x",
                FieldDescriptor.CPPTYPE_BOOL: True,
            }.get(field.cpp_type, 1)
            if repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
    return message


messages = {
    "session": config_pb2.ConfigProto(),
    "models": model_server_config_pb2.ModelServerConfig(),
}
print(json.dumps({name: text_format.MessageToString(fill(message)) for name, message in messages.items()}))
