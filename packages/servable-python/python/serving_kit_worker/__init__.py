"""The Python side of @serving-kit/servable-python. It needs Python 3.9, and numpy only for models with tensors."""
