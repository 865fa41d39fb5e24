"""Writes the models that every later version must still read, for the present version of the format.

    python tests/storage/make_model_fixtures.py

Run once when the format changes, and commit what it writes into models/; what is there of earlier versions stays.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, load_iris

from leadline import DeepClassifier, DeepRegressor, DepthSearchCV
from leadline.storage import model_files

MODELS = Path(__file__).parent / "models"
ROWS = 12


def mixed() -> tuple[pd.DataFrame, pd.Series]:
    """A table with every kind of column, and classes called by words."""
    generator = np.random.default_rng(0)
    n = 120
    table = pd.DataFrame(
        {
            "size": generator.normal(50, 10, n),
            "colour": generator.choice(["red", "green", "blue"], n),
            "sold": pd.Timestamp("2026-01-31") + pd.to_timedelta(generator.integers(0, 900, n), unit="D"),
            "new": generator.integers(0, 2, n).astype(bool),
            "constant": 1,
        }
    )
    y = pd.Series(np.where(table["size"] + 8 * (table["colour"] == "red") > 52, "dear", "cheap"), name="price")
    table.loc[::7, "size"] = np.nan
    table.loc[::11, "colour"] = None
    return table, y


def texts() -> tuple[pd.DataFrame, pd.Series]:
    """The same with a column of free text, which tells the class too."""
    table, y = mixed()
    generator = np.random.default_rng(1)
    words = generator.choice(["house", "garden", "old", "near", "the", "sea"], (len(table), 4))
    said = np.where(y == "dear", "splendid", "small")
    text = pd.Series([" ".join([own, *others]) for own, others in zip(said, words, strict=True)], dtype=object)
    return table.assign(said=text.where(np.arange(len(table)) % 9 > 0, None)), y


def shops() -> tuple[pd.DataFrame, pd.Series]:
    """The same with a column of so many categories that statistics tell of them, and of free text."""
    table, y = texts()
    shop = pd.Series(np.random.default_rng(2).permutation(len(table)) % 80).map("shop {}".format)
    return table.assign(shop=shop), y


def data(name: str):
    """X and y of a fixture."""
    if name == "many":
        return shops()
    if name == "text":
        return texts()
    if name in ("mixed", "additive"):
        return mixed()
    return (load_diabetes if name == "numbers" else load_iris)(return_X_y=True)


def models() -> dict:
    """An estimator for each fixture."""
    small = {"hidden_layer_sizes": (4, 3), "max_iter": 3, "random_state": 0}
    bins = {"numeric_embedding": "piecewise_linear", "members": 2, "parametrization": "ntk"}
    estimator = DeepClassifier(max_iter=3, n_networks=2, random_state=0)
    search = DepthSearchCV(
        estimator, max_depth=2, candidates=2, cv=2, repeats=1, ensemble=True, additive=False, select="best"
    )
    return {
        "classes": DeepClassifier(**small, **bins, activation="silu", n_networks=2),
        "numbers": DeepRegressor(**small, n_networks=2),
        "linear": DeepClassifier((), random_state=0),
        "mixed": DeepClassifier(**small, n_networks=1, numeric_embedding="none", one_hot_up_to=2),
        "search": search,
        "text": DeepClassifier(**small, n_networks=2, columns={"said": "text"}),
        "many": DeepClassifier(**small, n_networks=2, columns={"said": "text"}),
        "additive": DeepClassifier((), additive=True, max_iter=3, n_networks=2, one_hot_up_to=2, random_state=0),
    }


def main() -> None:
    folder = MODELS / f"format-{model_files.FORMAT}"
    for name, estimator in models().items():
        X, y = data(name)
        estimator.fit(X, y).save(folder / name)
        predict = getattr(estimator, "predict_proba", estimator.predict)
        expected = np.asarray(predict(X[:ROWS])).tolist()
        (folder / name / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
