"""
What the layers see
===================

A network for handwritten digits, looked at layer by layer: from simple to complex.
"""

import io

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from leadline import DeepClassifier
from leadline.report import layer_report

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=600, stratify=y, random_state=0)

# %%
# Pictures are shown as they enter layer 1, so nothing may stand between the pixels and it.
network = DeepClassifier((48, 32, 16), numeric_embedding="none", max_iter=40, random_state=0).fit(X_train, y_train)
print(f"accuracy on {len(y_test)} other pictures: {network.score(X_test, y_test):.3f}")
layers = layer_report(network, X_test, y_test, shape=(8, 8))

# %%
# A linear model reads the digit off each layer, cross-validated. Where the curve rises, the layer has made it simpler.
plt.errorbar(
    [probe.l for probe in layers.probes],
    [probe.score for probe in layers.probes],
    [probe.error for probe in layers.probes],
    marker="o",
    capsize=4,
)
plt.xticks([probe.l for probe in layers.probes])
plt.xlabel("layer l (0: the pixels)")
plt.ylabel("accuracy of a linear model on A[l]")
plt.show()


# %%
# The weights of layer 1 as pictures: red raises a unit, blue lowers it. And for the ten units of the output the picture
# that each likes best, found by gradient ascent through all layers.
def show_sheet(png, title):
    plt.figure(figsize=(8, 2.5))
    plt.imshow(plt.imread(io.BytesIO(png)))
    plt.axis("off")
    plt.title(title)
    plt.show()


show_sheet(layers.sheets[1][0], "W[1], a picture for each unit")
show_sheet(layers.sheets[4][0], "what the outputs for 0 to 9 prefer")

# %%
# The test pictures that excite the first units of layer 1 most, six for each.
show_sheet(layers.sheets[1][1], "rows that excite units of layer 1")
