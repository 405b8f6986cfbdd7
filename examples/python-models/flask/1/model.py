# It was:
#
#     app = Flask(__name__)
#     prices = load_prices()
#
#     @app.route("/price", methods=["POST"])
#     def price():
#         body = request.get_json()
#         return jsonify(price=prices[body["item"]] * body["count"])
import numpy as np


def load_prices():
    return {"apple": 0.5, "pear": 0.75}


class Model:
    batchable = True
    signatures = {
        "inputs": {"item": ("string", [-1]), "count": ("int64", [-1])},
        "outputs": {"price": ("float64", [-1])},
    }

    def __init__(self):
        self.prices = load_prices()

    def predict(self, inputs):
        prices = [self.prices[item.decode()] for item in inputs["item"]]
        return {"price": np.array(prices) * inputs["count"]}
