import lightgbm
import pandas as pd

table = pd.read_csv("flats.csv")
table["city"] = pd.Categorical(table["city"])
price = table.pop("price")
model = lightgbm.train(
    {"objective": "regression", "num_leaves": 7, "min_data_in_leaf": 5, "seed": 1, "verbosity": -1},
    lightgbm.Dataset(table, price),
    num_boost_round=20,
)
model.save_model("prices/1/model.txt")
