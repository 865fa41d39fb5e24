"""
Prediction intervals
====================

One network that predicts several quantiles at once: a median and an interval that holds nine rows of ten.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from leadline import DeepRegressor

generator = np.random.default_rng(0)
x = generator.uniform(-3, 3, (2000, 1))
y = np.sin(2 * x[:, 0]) + (0.1 + 0.3 * np.abs(x[:, 0])) * generator.normal(size=2000)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)

# %%
# The noise grows to both sides. The loss of a quantile weighs errors above and below unequally; the network has an
# output for each, and sorts them, so that none crosses another.
network = DeepRegressor(loss="quantile(0.05, 0.5, 0.95)", hidden_layer_sizes=(64, 64), random_state=0)
network.fit(x_train, y_train)
low, middle, high = network.predict(x_test).T
inside = np.mean((low <= y_test) & (y_test <= high))
print(f"{inside:.1%} of {len(y_test)} new rows lie inside; their mean width is {np.mean(high - low):.2f}")

# %%
# What quantiles promise they may miss. An interval that is made from the errors on rows that networks left out holds
# what it promises, and is as wide here and as narrow there as the quantiles say.
lower, upper = network.predict_interval(x_test, coverage=0.9)
inside = np.mean((lower <= y_test) & (y_test <= upper))
print(f"{inside:.1%} lie inside these; their mean width is {np.mean(upper - lower):.2f}")

# %%
order = np.argsort(x_test[:, 0])
plt.scatter(x_test[:, 0], y_test, s=6, color="grey", label="new rows")
plt.plot(x_test[order, 0], middle[order], label="median")
plt.fill_between(x_test[order, 0], low[order], high[order], alpha=0.25, label="5 % to 95 %")
plt.xlabel("x")
plt.ylabel("y")
plt.legend()
plt.show()
