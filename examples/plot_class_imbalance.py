"""
Rare classes and weights
========================

Where one class is rare, a network that minds every error alike looks at the common class. Weights say which errors cost
more.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.metrics import ConfusionMatrixDisplay, balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from leadline import DeepClassifier

X, y = make_classification(4000, 20, n_informative=6, weights=[0.96], flip_y=0.01, class_sep=0.8, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# "balanced" gives both classes the same total weight, in training and in the score that chooses the epoch.
settings = {"hidden_layer_sizes": (64, 64), "max_iter": 40, "random_state": 0}
plain = DeepClassifier(**settings).fit(X_train, y_train)
balanced = DeepClassifier(**settings, class_weight="balanced").fit(X_train, y_train)
for name, network in (("plain", plain), ("balanced", balanced)):
    accuracy = balanced_accuracy_score(y_test, network.predict(X_test))
    loss = log_loss(y_test, network.predict_proba(X_test))
    print(f"{name:9s} balanced accuracy {accuracy:.3f}, log loss {loss:.3f}")

# %%
# More rare cases are found, and more false alarms raised; the probabilities of the weighted network are those of a
# world in which both classes are equally common. Weights of single rows, ``fit(X, y, sample_weight=...)``, multiply
# those of the classes.
_, axes = plt.subplots(1, 2, figsize=(8, 3.5))
for axis, name, network in zip(axes, ("plain", "balanced"), (plain, balanced), strict=True):
    ConfusionMatrixDisplay.from_estimator(network, X_test, y_test, ax=axis, colorbar=False)
    axis.set_title(name)
plt.tight_layout()
plt.show()
