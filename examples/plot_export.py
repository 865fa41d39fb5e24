"""
Keep a model, and run it elsewhere
==================================

A folder for Leadline itself, and an ONNX file for everything else, with the preparation of the columns inside.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import pandas as pd

import leadline
from leadline import DeepRegressor
from leadline.export import write_onnx

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
table = pd.read_csv(here / "housing.csv.gz")
y = table.pop("median_house_value")
network = DeepRegressor(hidden_layer_sizes=(64, 64), max_iter=30, random_state=0).fit(table, y)

# %%
# A folder of two files, safetensors and JSON. What is loaded predicts the same bits.
folder = Path(tempfile.mkdtemp())
network.save(folder / "model")
assert (leadline.load(folder / "model").predict(table) == network.predict(table)).all()
print(sorted(path.name for path in (folder / "model").iterdir()))

# %%
# An ONNX file. Before it is written, what ONNX Runtime makes of it is compared with the network's own predictions.
difference = write_onnx(network, folder / "model.onnx", table)
print(
    f"{(folder / 'model.onnx').stat().st_size:,} bytes; largest difference {difference:.1e} of the target's deviation"
)

# %%
# Raw columns go in, one input each: numbers with NaN for what is missing, categories as text.
session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
rows = table.iloc[:200]
feed = {
    name: rows[[name]].to_numpy(object if name == "ocean_proximity" else np.float64)
    for name in (item.name for item in session.get_inputs())
}
elsewhere = session.run(["predictions"], feed)[0][:, 0]
plt.scatter(network.predict(rows), elsewhere, s=8)
plt.xlabel("predicted by Leadline")
plt.ylabel("predicted by ONNX Runtime")
plt.show()
