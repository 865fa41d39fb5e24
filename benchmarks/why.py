"""Why this row: `explain_rows` beside SHAP's explainers, on the same rows against the same background rows.

    make benchmark-why                       (or: python benchmarks/why.py FOLDER --only abalone --rows 5)

For each table a DeepClassifier or DeepRegressor with all defaults; test rows are explained by expected gradients
(`leadline.inspection.explain_rows`, of="predictions") and by shap's PermutationExplainer and KernelExplainer, which ask
the model as a black box, all against the same training rows. Said are milliseconds of one core for a row, the
correlation with the permutation explainer over all rows, columns and outputs, how often the column that adds most is
the same, and how far the parts are from summing to the prediction. FOLDER holds tables as for tables.py. Writes
results/why.json.
"""

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from harness import figure, finish, hold_to, own_cores, table
from real_tables import DATA, draw

from leadline import DeepClassifier, DeepRegressor
from leadline.inspection import CodedModel, explain_rows

TABLES = ("titanic", "airfoil", "abalone", "yeast", "california_housing", "adult")
TRAINING_ROWS, BACKGROUND, SEED = 2000, 50, 0
# Of expected gradients: as they come, cheaper ones, and what more steps change.
STEPS = (4, 1, 32)
PACKAGES = ("leadline", "numpy", "shap")


def explain_one(folder: Path, name: str, rows: int, epochs: int | str) -> dict[str, Any]:
    """All explainers on one table."""
    import shap

    drawn = draw(folder, name, TRAINING_ROWS, max(rows, 2), SEED)
    kind = DeepClassifier if drawn.classes else DeepRegressor
    model = kind(max_iter=epochs, random_state=SEED).fit(drawn.X_train, drawn.y_train)
    X, background = drawn.X_test[:rows], drawn.X_train[:BACKGROUND]
    coded = CodedModel(model)
    codes, others = coded.encode(X).to_numpy(), coded.encode(background).to_numpy()
    predicted = coded(codes).reshape(rows, -1)
    order = [coded.columns.index(column.name) for column in model.model_.layout.columns]

    def permutations() -> tuple[np.ndarray, np.ndarray]:
        explainer = shap.PermutationExplainer(coded, shap.maskers.Independent(others, BACKGROUND), seed=SEED)
        found = explainer(codes, silent=True)
        return found.base_values, found.values

    def kernel() -> tuple[np.ndarray, np.ndarray]:
        explainer = shap.KernelExplainer(coded, others)
        return explainer.expected_value, explainer.shap_values(codes, silent=True)

    found: dict[str, Any] = {}
    values: dict[str, np.ndarray] = {}
    for steps in STEPS:
        explain_rows(model, X[:1], background, of="predictions", steps=steps)  # nothing is made ready in what is timed
        start = time.process_time()
        own = explain_rows(model, X, background, of="predictions", steps=steps)
        seconds = time.process_time() - start
        values[f"{steps} steps"] = own.values
        found[f"{steps} steps"] = _record(seconds, rows, own.base, own.values, predicted)
    for label, explainer in (("permutation", permutations), ("kernel", kernel)):
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            base, answer = explainer()
        seconds = time.process_time() - start
        values[label] = np.asarray(answer).reshape(rows, len(order), -1)[:, order]
        found[label] = _record(seconds, rows, np.asarray(base), values[label], predicted)
    judge = values["permutation"]
    for label, own in values.items():
        found[label]["correlation"] = float(np.corrcoef(own.ravel(), judge.ravel())[0, 1])
        same = np.abs(own).argmax(axis=1) == np.abs(judge).argmax(axis=1)
        found[label]["same_first"] = float(same.mean())
    return {"columns": len(order), "rows": rows, "networks": len(model.model_.members), "explainers": found}


def _record(seconds: float, rows: int, base: np.ndarray, values: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    parts = np.reshape(base, (-1, predicted.shape[1])) + values.sum(axis=1)
    return {"ms_per_row": 1000 * seconds / rows, "left_over": float(np.abs(parts - predicted).max())}


def report(record: dict[str, Any]) -> dict[str, str]:
    """A line for each table and explainer."""
    lines = []
    for name, found in record["tables"].items():
        slow = found["explainers"]["permutation"]["ms_per_row"]
        for label, own in found["explainers"].items():
            lines.append(
                [
                    f"{name}, {found['columns']} columns: {label}",
                    figure(own["ms_per_row"]),
                    figure(slow / own["ms_per_row"], 2),
                    f"{own['correlation']:.3f}",
                    f"{100 * own['same_first']:.0f} %",
                    f"{own['left_over']:.0e}",
                ]
            )
    head = ["", "ms a row", "times as fast as permutation", "correlation with it", "same first column", "left over"]
    return {"": table(head, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", default=",".join(TABLES), help="tables, with commas")
    parser.add_argument("--rows", type=int, default=20, help="rows explained of each table (default 20)")
    parser.add_argument("--epochs", type=int, default=None, help="of the networks (default: as they come)")
    options = parser.parse_args()
    hold_to(own_cores()[:1])
    record: dict[str, Any] = {"tables": {}}
    for name in options.only.split(","):
        record["tables"][name] = explain_one(options.folder, name, options.rows, options.epochs or "auto")
        print(f"  {name}: {record['tables'][name]}", flush=True)
    finish("why", record, PACKAGES, report)


if __name__ == "__main__":
    main()
