import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def mixed() -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """A table with numbers, categories and missing values; a target of numbers and one of classes."""
    generator = np.random.default_rng(0)
    n = 300
    X = pd.DataFrame(
        {
            "size": generator.normal(50, 10, n),
            "age": generator.integers(0, 80, n).astype(float),
            "colour": generator.choice(["red", "green", "blue"], n),
            "kind": pd.Categorical(generator.choice(["a", "b"], n)),
        }
    )
    effect = X["colour"].map({"red": 10.0, "green": 0.0, "blue": -5.0})
    y = pd.Series(X["size"] + 0.3 * X["age"] + effect + generator.normal(0, 2, n), name="price")
    X.loc[::7, "age"] = np.nan
    X.loc[::11, "colour"] = None
    label = pd.Series(np.where(y > y.median(), "dear", "cheap"), name="label")
    return X, y, label
