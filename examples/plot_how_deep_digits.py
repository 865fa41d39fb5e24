"""
How deep for digits?
====================

1,797 small pictures of handwritten digits, 64 pixels each. How many layers does a network need to read them?
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from leadline import DeepClassifier, DepthSearchCV

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=450, stratify=y, random_state=0)

# %%
# The search starts at logistic regression, L = 1, and adds a hidden layer at a time. Every depth is judged on the same
# folds with the same candidates for everything else. (Few epochs and candidates here, so that the page builds quickly.)
network = DeepClassifier(max_iter=30, random_state=0)
search = DepthSearchCV(network, max_depth=3, candidates=4, repeats=1).fit(X_train, y_train)
print(search.ladder_[["L", "hidden_layer_sizes", "mean_score", "standard_error", "p_value", "supported"]])

# %%
# The answer is the smallest depth than which no other is significantly better, if that can be told. How sure is it? The
# probability of each depth to be the best, or within half a percent of it:
print(search.sentence_)
print({L: f"{share:.0%}" for L, share in search.verdict_.as_good.items()})
print(f"accuracy on {len(y_test)} other pictures: {search.score(X_test, y_test):.3f}")

# %%
# The depth curve, as log loss with its standard error:
ladder = search.ladder_
plt.errorbar(ladder["L"], -ladder["mean_score"], ladder["standard_error"], marker="o", capsize=4)
plt.axvline(search.best_depth_, color="grey", linestyle=":")
plt.xticks(ladder["L"])
plt.xlabel("L, layers")
plt.ylabel("log loss")
plt.show()
