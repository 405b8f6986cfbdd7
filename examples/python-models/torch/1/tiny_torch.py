"""A stand-in for PyTorch, so that the example runs without it: the part of its API that the model uses."""

import contextlib

import numpy as np


class Linear:
    def __init__(self, weight, bias):
        self.weight, self.bias = np.asarray(weight), np.asarray(bias)

    def eval(self):
        return self

    def __call__(self, x):
        return x @ self.weight.T + self.bias


def load(path):
    return Linear([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]], [0.1, 0.2])


def from_numpy(array):
    return array


@contextlib.contextmanager
def inference_mode():
    yield


def softmax(x, dim):
    powers = np.exp(x - x.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)
