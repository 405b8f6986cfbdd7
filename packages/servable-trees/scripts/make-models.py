"""Trains models of every form and writes them with the answers of their own library.

    python make-models.py FOLDER xgboost|lightgbm small|full [NAME ...]

Each model is NAME.ubj, NAME.json or NAME.txt; NAME.expected.json has rows and the library's answers to them:
float32 or float64 elements, little-endian, in base64. `small` models are the ones of test/models.
"""
import base64
import json
import os
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
FOLDER, LIBRARY, SIZE = sys.argv[1:4]
ONLY = set(sys.argv[4:])
SMALL = SIZE == "small"
os.makedirs(FOLDER, exist_ok=True)
rng = np.random.default_rng(20)


def packed(array, dtype=None):
    array = np.ascontiguousarray(array, dtype=dtype)
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": data}


def write_expected(name, answers):
    with open(os.path.join(FOLDER, name + ".expected.json"), "w") as file:
        json.dump({key: value for key, value in answers.items() if value is not None}, file)
        file.write("\n")
    print(name, flush=True)


def attempt(call):
    try:
        return call()
    except Exception as error:  # the library refuses it
        print("   refused:", str(error).splitlines()[0][:100])
        return None


N, F = (400, 5) if SMALL else (8000, 24)
ROUNDS, DEPTH = (5, 3) if SMALL else (40, 5)
X = rng.normal(size=(N, F)).astype(np.float32)
X[rng.random(X.shape) < 0.06] = np.nan
X[rng.random(X.shape) < 0.03] = 0
Z = np.nan_to_num(X)
YR = (2 * Z[:, 0] + np.sin(3 * Z[:, 2]) + Z[:, 3] ** 2 + 0.3 * rng.normal(size=N)).astype(np.float32)
YB = (Z[:, 0] * Z[:, 1] + np.sin(3 * Z[:, 2]) + Z[:, 3] ** 2 - 1 > 0).astype(int)
YM = np.digitize(YR, np.quantile(YR, [0.25, 0.5, 0.75]))
YL = np.abs(YR) + 1
COUNT = 16 if SMALL else 500


# The small models are in the repository: a few of them in both formats.
FORMATS = ["ubj"] if SMALL else ["ubj", "json"]
JSON_TOO = ["binary", "dart", "linear", "vector-leaf", "category-texts"]


def odd_rows(features):
    rows = rng.normal(size=(8, features)).astype(np.float32)
    rows[0] *= 1e3
    rows[1] = np.nan
    rows[2] = 0
    rows[3] = -0.0
    rows[4] *= 1e-42
    rows[5] = 3e38
    rows[6] = -3e38
    return rows.astype(np.float32)


ROWS = np.concatenate([X[:COUNT], odd_rows(F)]).astype(np.float32)


def xgboost_models():
    import xgboost as xgb

    version = tuple(int(part) for part in xgb.__version__.split(".")[:2])
    base = dict(tree_method="hist", nthread=2, verbosity=0, max_depth=DEPTH, seed=1)

    def answers(booster, rows, end=0, **more):
        booster.set_param({"nthread": 1})
        matrix = xgb.DMatrix(rows, **more)
        window = dict(iteration_range=(0, end))
        predict = lambda **options: booster.predict(matrix, **window, **options)
        return {
            "library": "xgboost " + xgb.__version__,
            "rows": packed(rows, np.float32),
            "predict": packed(predict(), np.float32),
            "margin": packed(predict(output_margin=True), np.float32),
            "leaf": attempt(lambda: packed(predict(pred_leaf=True).reshape(len(rows), -1), np.float32)),
            "contributions": attempt(lambda: packed(predict(pred_contribs=True), np.float32)),
        }

    def save(name, booster):
        for format in FORMATS if name not in JSON_TOO else ["ubj", "json"]:
            booster.save_model(os.path.join(FOLDER, f"{name}.{format}"))

    def train(name, label, rounds=ROUNDS, matrix=None, rows=ROWS, small=True, since=(1, 7), **params):
        if (SMALL and not small) or (ONLY and name not in ONLY) or version < since:
            return
        data = xgb.DMatrix(X, label) if matrix is None else matrix
        booster = xgb.train({**base, **params}, data, rounds)
        save(name, booster)
        write_expected(name, answers(booster, rows))

    positive = np.abs(YR)
    train("binary", YB, objective="binary:logistic", eta=0.3)
    train("regression", YR, objective="reg:squarederror", base_score=3.25)
    train("averaged", YR, objective="reg:squarederror")
    train("softprob", YM, objective="multi:softprob", num_class=4)
    train("softmax", YM, objective="multi:softmax", num_class=4)
    train("dart", YB, objective="binary:logistic", booster="dart", rate_drop=0.3)
    train("dart-multi", YM, objective="multi:softprob", num_class=4, booster="dart", rate_drop=0.2)
    train("linear", YR, objective="reg:squarederror", booster="gblinear", tree_method=None)
    train("linear-multi", YM, objective="multi:softprob", num_class=4, booster="gblinear", tree_method=None)
    train("logitraw", YB, objective="binary:logitraw", base_score=0.3)
    train("reg-logistic", YB * 0.9, objective="reg:logistic", small=False)
    train("poisson", positive.round(), objective="count:poisson")
    train("gamma", positive + 0.1, objective="reg:gamma", small=False)
    train("tweedie", positive, objective="reg:tweedie", small=False)
    train("hinge", YB, objective="binary:hinge")
    train("absolute", YR, objective="reg:absoluteerror", small=False)
    train("squaredlog", positive, objective="reg:squaredlogerror", small=False)
    train("pseudohuber", YR, objective="reg:pseudohubererror", small=False)
    train("quantile", YR, objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], since=(2, 0))
    train("expectile", YR, objective="reg:expectileerror", expectile_alpha=[0.1, 0.9], since=(3, 3), small=False)
    train("forest", YB, rounds=2, objective="binary:logistic", num_parallel_tree=4, subsample=0.6, colsample_bynode=0.6, eta=1)
    many = np.stack([YR, 2 * YR + 1, np.abs(YR)], 1)
    train("multi-output", many, objective="reg:squarederror")
    train("multi-label", (many > 1).astype(int), objective="binary:logistic", small=False)
    train("vector-leaf", many, objective="reg:squarederror", multi_strategy="multi_output_tree", since=(2, 0))
    train("vector-class", YM, objective="multi:softprob", num_class=4, multi_strategy="multi_output_tree", since=(3, 1), small=False)
    train("pruned", YR, objective="reg:squarederror", tree_method="exact", gamma=8.0, max_depth=6)
    train("approx", YR, objective="reg:squarederror", tree_method="approx", gamma=4.0, small=False)
    train("lossguide", YB, objective="binary:logistic", grow_policy="lossguide", max_leaves=20, max_depth=0)
    train("deep", YR, objective="reg:squarederror", max_depth=16, rounds=8, small=False)
    train("stump", YR, objective="reg:squarederror", max_depth=1, small=False)
    train("constant", YR * 0 + 2, objective="reg:squarederror", rounds=2, small=False)
    train("update-leaf", YR, objective="reg:squarederror", monotone_constraints="(1" + ",0" * (F - 1) + ")", small=False)

    ranked = xgb.DMatrix(X, np.clip(YM, 0, 3))
    ranked.set_group([20] * (N // 20))
    for kind in ["ndcg", "pairwise", "map"]:
        if kind == "map":
            ranked.set_label(YB)
        train("rank-" + kind, None, matrix=ranked, objective="rank:" + kind, small=kind == "ndcg")
    bounds = xgb.DMatrix(X)
    bounds.set_float_info("label_lower_bound", YL)
    bounds.set_float_info("label_upper_bound", np.where(rng.random(N) < 0.3, np.inf, YL))
    train("aft", None, matrix=bounds, objective="survival:aft")
    train("cox", np.where(YB == 1, YL, -YL), objective="survival:cox", small=False)

    if not ONLY or "early" in ONLY:
        data, held = xgb.DMatrix(X[: N // 2], YB[: N // 2]), xgb.DMatrix(X[N // 2 :], YB[N // 2 :])
        options = {**base, "objective": "binary:logistic", "eta": 0.9, "max_depth": DEPTH + 2}
        booster = xgb.train(options, data, 200, evals=[(held, "held")], early_stopping_rounds=4, verbose_eval=False)
        save("early", booster)
        best = answers(booster, ROWS, booster.best_iteration + 1)
        every = answers(booster, ROWS)
        write_expected("early", {**best, "all": every["margin"], "best": booster.best_iteration})

    categorical_models(xgb, version, base, save, answers)
    classifier_models(xgb, save, answers)


def categorical_models(xgb, version, base, save, answers):
    import pandas as pd

    few, many = rng.integers(0, 5, N), rng.integers(0, 60, N)
    numbers = rng.normal(size=(N, 3)).astype(np.float32)
    label = ((few == 2) | (many % 7 == 3) | (numbers[:, 0] > 1)).astype(int)
    plain = {f"n{i}": numbers[:, i] for i in range(3)}

    def go(name, frame, rows, **more):
        if ONLY and name not in ONLY:
            return
        booster = xgb.train({**base, "objective": "binary:logistic", **more.pop("params", {})},
                            xgb.DMatrix(frame, label, enable_categorical=True), ROUNDS)
        save(name, booster)
        # The rows are a matrix of codes; the types tell the library which features are categories.
        matrix = dict(feature_names=booster.feature_names, feature_types=booster.feature_types, enable_categorical=True)
        found = answers(booster, rows, **matrix)
        write_expected(name, {**found, **more})

    codes = np.concatenate([few[:COUNT, None], many[:COUNT, None], numbers[:COUNT]], 1).astype(np.float32)
    codes[::7, 0] = np.nan
    codes[::5, 1] = np.nan
    frame = pd.DataFrame({"few": pd.Categorical(few, categories=range(5)),
                          "many": pd.Categorical(many, categories=range(60)), **plain})
    go("categories", frame, codes)
    go("one-hot", frame, codes, params=dict(max_cat_to_onehot=100, max_depth=5))
    words = np.array(["red", "green", "blue", "wei\u00df", ""])
    named = frame.assign(few=pd.Categorical(words[few], categories=list(words)))
    texts = dict(words=[None if np.isnan(code) else str(words[int(code)]) for code in codes[:, 0]])
    if version >= (3, 1):
        # 10, 20, ...: categories that are numbers, and not their positions.
        tens = frame.assign(few=pd.Categorical(10 * (1 + few)))
        go("category-texts", named, codes, **texts)
        go("category-numbers", tens, codes)


def classifier_models(xgb, save, answers):
    for name, label in [("classifier", YB), ("classifier-multi", YM)]:
        if ONLY and name not in ONLY:
            continue
        model = xgb.XGBClassifier(n_estimators=ROUNDS, max_depth=DEPTH, n_jobs=1).fit(X, label)
        for format in FORMATS:
            model.save_model(os.path.join(FOLDER, f"{name}.{format}"))
        write_expected(name, {**answers(model.get_booster(), ROWS),
                              "labels": packed(model.predict(ROWS), np.int64),
                              "probabilities": packed(model.predict_proba(ROWS), np.float32)})


def lightgbm_models():
    import lightgbm as lgb
    import pandas as pd

    rows64 = ROWS.astype(np.float64)

    def write(name, booster, rows=None, **more):
        booster.save_model(os.path.join(FOLDER, name + ".txt"))
        rows = rows64 if rows is None else rows
        predict = lambda **options: booster.predict(rows, num_threads=1, **options)
        write_expected(name, {
            "library": "lightgbm " + lgb.__version__,
            "rows": packed(rows, np.float64),
            "predict": packed(predict(), np.float64),
            "margin": packed(predict(raw_score=True), np.float64),
            "leaf": attempt(lambda: packed(predict(pred_leaf=True), np.float32)),
            "contributions": attempt(lambda: packed(predict(pred_contrib=True), np.float64)),
            **more,
        })

    def train(name, label, small=True, rounds=ROUNDS, data=X.astype(np.float64), rows=None, categories=None, group=None, **params):
        if (SMALL and not small) or (ONLY and name not in ONLY):
            return
        base = dict(verbosity=-1, num_threads=1, num_leaves=8 if SMALL else 31, min_data_in_leaf=5, seed=1)
        dataset = lgb.Dataset(data, label, categorical_feature=categories or "auto", group=group, free_raw_data=False)
        write("lgb-" + name, lgb.train({**base, **params}, dataset, rounds), rows)

    positive = np.abs(YR)
    train("binary", YB, objective="binary")
    train("sigmoid", YB, objective="binary", sigmoid=2.5, small=False)
    train("zero", YB, objective="binary", zero_as_missing=True)
    train("no-missing", YB, objective="binary", use_missing=False)
    train("regression", YR, objective="regression")
    train("l1", YR, objective="regression_l1", small=False)
    train("huber", YR, objective="huber", small=False)
    train("fair", YR, objective="fair", small=False)
    train("quantile", YR, objective="quantile", alpha=0.8, small=False)
    train("mape", positive + 1, objective="mape", small=False)
    train("multiclass", YM, objective="multiclass", num_class=4)
    train("ova", YM, objective="multiclassova", num_class=4)
    train("forest", YB, objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.7, feature_fraction=0.7)
    train("dart", YB, objective="binary", boosting="dart")
    train("goss", YB, objective="binary", data_sample_strategy="goss", small=False)
    train("poisson", positive.round(), objective="poisson")
    train("gamma", positive + 0.1, objective="gamma", small=False)
    train("tweedie", positive, objective="tweedie", small=False)
    train("xentropy", YB * 0.9, objective="cross_entropy", small=False)
    train("xentlambda", YB * 0.9, objective="cross_entropy_lambda")
    train("sqrt", positive, objective="regression", reg_sqrt=True)
    train("linear", YR, objective="regression", linear_tree=True)
    train("lambdarank", np.clip(YM, 0, 3), objective="lambdarank", group=[20] * (N // 20), small=False)
    train("xendcg", np.clip(YM, 0, 3), objective="rank_xendcg", group=[20] * (N // 20), small=False)
    train("constant", YR * 0 + 2, objective="regression", rounds=2, small=False)
    train("deep", YR, objective="regression", num_leaves=400, min_data_in_leaf=2, small=False)

    coded = X.astype(np.float64)
    coded[:, 4] = rng.integers(0, 40, N)
    label = ((coded[:, 4] % 7 == 3) | (Z[:, 0] > 0.5)).astype(int)
    rows = coded[: COUNT + 8].copy()
    rows[:7, 4] = [2.0**40, -3, 3.75, np.nan, 1000, 2.0**31, -0.5]
    train("categories", label, data=coded, rows=rows, categories=[4], objective="binary", max_cat_to_onehot=4)
    if not ONLY or "texts" in ONLY:
        words = np.array(["red", "green", "blue", "wei\u00df"])
        color = rng.integers(0, 4, N)
        frame = pd.DataFrame({"size": Z[:, 0].astype(np.float64), "color": pd.Categorical(words[color], categories=list(words))})
        target = ((color == 2) | (Z[:, 0] > 1)).astype(int)
        options = dict(verbosity=-1, num_threads=1, num_leaves=8, min_data_in_leaf=5, objective="binary")
        booster = lgb.train(options, lgb.Dataset(frame, target), ROUNDS)
        rows = np.stack([Z[:COUNT, 0].astype(np.float64), color[:COUNT]], 1)
        write("lgb-category-texts", booster, rows, words=[str(words[code]) for code in color[:COUNT]])


xgboost_models() if LIBRARY == "xgboost" else lightgbm_models()
