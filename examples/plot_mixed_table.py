"""
A mixed table with missing values
=================================

House prices in districts of California: numbers, one of them with gaps, and a category. Nothing needs to be prepared.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

from leadline import DeepRegressor

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
table = pd.read_csv(here / "housing.csv.gz")
y = table.pop("median_house_value")
print(table.dtypes, table.isna().sum().loc[lambda gaps: gaps > 0], sep="\n\n")

# %%
# Medians and scales are fitted on the training rows alone. A gap becomes the median, and one more input says that there
# was one. A category has an input for each of its values.
X_train, X_test, y_train, y_test = train_test_split(table, y, test_size=0.25, random_state=0)
network = DeepRegressor(hidden_layer_sizes=(64, 64), max_iter=60, random_state=0).fit(X_train, y_train)
print(f"{network.model_.layout.n_inputs} inputs: {', '.join(network.model_.layout.input_names)}")
linear = DeepRegressor(hidden_layer_sizes=()).fit(X_train, y_train)
print(f"R²: {network.score(X_test, y_test):.3f}, of linear regression {linear.score(X_test, y_test):.3f}")

# %%
# A row with gaps and with a category that was never seen is predicted, too.
strange = X_test.iloc[:1].assign(ocean_proximity="ON THE MOON", total_bedrooms=np.nan)
print(f"{network.predict(strange)[0]:,.0f} instead of {network.predict(X_test.iloc[:1])[0]:,.0f}")

# %%
# Which columns matter? Scikit-learn's tools take the table as it is.
found = permutation_importance(network, X_test, y_test, n_repeats=3, random_state=0)
order = np.argsort(found.importances_mean)
plt.barh(X_test.columns[order], found.importances_mean[order], xerr=found.importances_std[order])
plt.xlabel("R² lost when the column is shuffled")
plt.tight_layout()
plt.show()
