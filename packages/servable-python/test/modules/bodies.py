"""A model of bodies: it doubles numbers, and refuses what is not a number. It needs no numpy."""

import json


def double(value):
    if isinstance(value, list):
        return [double(one) for one in value]
    if isinstance(value, dict):
        return {name: double(one) for name, one in value.items()}
    if isinstance(value, str):
        raise TypeError(f"not a number: {value}")
    return 2 * value


def load_servable(path, config):
    def model(body):
        request = json.loads(body)
        try:
            if "instances" in request:
                return json.dumps({"predictions": double(request["instances"])}).encode()
            return json.dumps({"outputs": double(request["inputs"])}).encode()
        except TypeError as error:
            return json.dumps({"error": str(error)}).encode()

    return model


def answers_text(path, config):
    return lambda body: '{"predictions": ["%s"]}' % body.decode()[:3]


def answers_number(path, config):
    return lambda body: 7


def answers_nonsense(path, config):
    return lambda body: b"nonsense"
