import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# Mixed columns: each is an input of its own name.
people = pd.read_csv("people.csv")
label = people.pop("rich").map({0: "no", 1: "yes"})
columns = ColumnTransformer([
    ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "hours"]),
    ("job", OneHotEncoder(handle_unknown="ignore"), ["job"]),
])
model = make_pipeline(columns, LogisticRegression()).fit(people, label)
inputs = [
    ("age", FloatTensorType([None, 1])),
    ("hours", FloatTensorType([None, 1])),
    ("job", StringTensorType([None, 1])),
]
with open("rich/1/model.onnx", "wb") as file:
    file.write(to_onnx(model, initial_types=inputs).SerializeToString())

# Texts. Without the option, the model needs the locale en_US.UTF-8, which slim images lack.
texts = pd.read_csv("messages.csv")
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)).fit(texts["text"], texts["topic"])
options = {TfidfVectorizer: {"locale": "C.UTF-8"}}
with open("topic/1/model.onnx", "wb") as file:
    onnx = to_onnx(model, initial_types=[("text", StringTensorType([None, 1]))], options=options)
    file.write(onnx.SerializeToString())
