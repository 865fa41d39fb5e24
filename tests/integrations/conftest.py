"""What the tests of the neighbours share: small tables, quick estimators, and warnings that are not ours.

Not a part of `make test`, which installs none of these libraries; `make test-integrations` runs them. A test whose
library is missing is skipped with that as its reason.
"""

import numpy as np
import pandas as pd
import pytest
from small_models import quick, quick_search

from leadline import DeepRegressor

# What MLflow says of itself when it is imported.
NOT_OURS = ("ignore:.*type hint is inferred as AnyType:UserWarning",)


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        for warning in NOT_OURS:
            item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def table():
    """Numbers with gaps, categories of text, and a class that both decide."""
    generator = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(
        {
            "size": generator.normal(10, 3, n),
            "age": np.where(generator.random(n) < 0.1, np.nan, generator.integers(1, 90, n)),
            "colour": generator.choice(["red", "green", "blue"], n),
        }
    )
    y = np.where(frame["size"] + 3 * (frame["colour"] == "red") > 11, "yes", "no")
    return frame, y


@pytest.fixture(scope="session")
def numbers(table):
    """An array without gaps, and a number to predict."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(120, 4))
    return X, X[:, 0] - 2 * X[:, 1] + 0.1 * generator.normal(size=120)


@pytest.fixture(scope="session")
def classifier(table):
    return quick().fit(*table)


@pytest.fixture(scope="session")
def of_array(numbers):
    X, y = numbers
    return quick().fit(X, y > 0)


@pytest.fixture(scope="session")
def regressor(numbers):
    return quick(DeepRegressor).fit(*numbers)


@pytest.fixture(scope="session")
def search(table):
    return quick_search().fit(*table)
