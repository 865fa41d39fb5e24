"""Leadline: deep L-layer networks for tables and arrays that find their own depth.

`DeepClassifier` and `DeepRegressor` train one network; `DepthSearchCV` finds how deep it should be; `load` reads a
saved model; `Dataset` is a table that stays on disk; `compare` says which of anybody's models are not significantly
worse than the best; `leadline.network` is the mathematics itself.
"""

import importlib
from typing import TYPE_CHECKING, Any

from leadline._version import __version__

if TYPE_CHECKING:
    from leadline import network
    from leadline.estimators import DeepClassifier, DeepRegressor, DepthSearchCV, TableEncoder, load
    from leadline.search import cross_val_losses
    from leadline.search import rank as compare
    from leadline.tables import Dataset

__all__ = [
    "Dataset",
    "DeepClassifier",
    "DeepRegressor",
    "DepthSearchCV",
    "TableEncoder",
    "__version__",
    "compare",
    "cross_val_losses",
    "load",
    "network",
]

# Names are imported when they are first used: `import leadline` costs next to nothing.
_HOME = {
    "Dataset": "leadline.tables",
    "DeepClassifier": "leadline.estimators",
    "DeepRegressor": "leadline.estimators",
    "DepthSearchCV": "leadline.estimators",
    "TableEncoder": "leadline.estimators",
    "cross_val_losses": "leadline.search",
    "load": "leadline.estimators",
}


def __getattr__(name: str) -> Any:
    if name == "network":
        return importlib.import_module("leadline.network")
    if name == "compare":  # `leadline.search.compare` is what it is built on
        return importlib.import_module("leadline.search").rank
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'leadline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
