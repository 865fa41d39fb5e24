"""Estimators that take no time to fit."""

from leadline import DeepClassifier, DepthSearchCV


def quick(kind=DeepClassifier, **more):
    return kind((8,), n_networks=2, max_iter=5, random_state=0, **more)


def quick_search(kind=DeepClassifier):
    return DepthSearchCV(quick(kind), max_depth=2, candidates=1, cv=5)
