"""Scikit-learn's `sklearn.neural_network` by its own names: a script needs this import instead of that one.

`MLPClassifier` and `MLPRegressor` have the parameters, the defaults and the meaning that they have there, and are
trained by the engine of this library. `leadline.DeepClassifier` and `leadline.DeepRegressor` are the better models of a
table.
"""

from leadline.estimators import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
