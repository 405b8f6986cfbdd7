import pandas as pd
import xgboost

table = pd.read_csv("people.csv")
table["job"] = pd.Categorical(table["job"])
label = table.pop("rich")
model = xgboost.train(
    {"objective": "binary:logistic", "max_depth": 3, "seed": 1},
    xgboost.DMatrix(table, label, enable_categorical=True),
    num_boost_round=12,
)
model.save_model("income/1/model.ubj")
