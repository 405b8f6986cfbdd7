import tiny_torch as torch  # with PyTorch: import torch


class Model:
    batchable = True
    signatures = {
        "inputs": {"features": ("float32", [-1, 3])},
        "outputs": {"probabilities": ("float32", [-1, 2])},
    }

    def load(self, path):
        self.net = torch.load(f"{path}/weights.pt").eval()

    def predict(self, inputs):
        with torch.inference_mode():
            logits = self.net(torch.from_numpy(inputs["features"]))
            return {"probabilities": torch.softmax(logits, dim=1)}
