"""Floor 4: estimators with scikit-learn's interface."""

from leadline.estimators.base import Face
from leadline.estimators.deep import DeepClassifier, DeepRegressor
from leadline.estimators.depth_search import DepthSearchCV
from leadline.estimators.encoder import TableEncoder
from leadline.estimators.found import ladder_frame
from leadline.estimators.loading import load
from leadline.estimators.model import Member, Model
from leadline.estimators.multilayer_perceptron import MLPClassifier, MLPRegressor

__all__ = [
    "DeepClassifier",
    "DeepRegressor",
    "DepthSearchCV",
    "Face",
    "MLPClassifier",
    "MLPRegressor",
    "Member",
    "Model",
    "TableEncoder",
    "ladder_frame",
    "load",
]
