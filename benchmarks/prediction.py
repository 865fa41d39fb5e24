"""How fast a fitted network predicts: one row at a time, and a million rows at once.

    make benchmark-prediction             (or: python benchmarks/prediction.py --rounds 5)

Prints a table for each and one of all, and writes results/prediction.json.
"""

import argparse
import statistics
from typing import Any

from harness import Contender, compete, cores, figure, finish, ratios, spread, table

PACKAGES = ("leadline", "numpy", "scikit-learn", "onnxruntime")
FEATURES = 20
# hidden units, rows of a call, calls of a round
CONTESTS = (
    ((128, 128), 1, 1000),
    ((128, 128), 1_000_000, 1),
    ((512, 512, 512), 1, 500),
    ((512, 512, 512), 1_000_000, 1),
)


# Of the same network as the first row's.
COMPARED = ("scikit-learn", "ONNX Runtime, the plain network")


def report(record: dict[str, Any]) -> dict[str, str]:
    """Microseconds a row, with what the plain network's are of the others'."""
    lines = []
    for contest in record["contests"]:
        ours = contest["rows"][0]["seconds"]
        cells = []
        for row in contest["rows"]:
            cell = figure(1e6 * statistics.median(row["seconds"]))
            if row["name"] in COMPARED:
                against = ratios(row["seconds"], ours)
                cell += f" ({figure(statistics.median(against), 2)} times; {spread(against)})"
            cells.append(cell)
        lines.append([contest["name"], *cells])
    return {"": table(["µs a row", *(row["name"] for row in record["contests"][0]["rows"])], lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    record: dict[str, Any] = {
        "rounds": options.rounds,
        "contests": [],
    }
    for hidden, rows, times in CONTESTS:
        arguments = {"hidden": hidden, "rows": rows, "features": FEATURES, "times": times}
        names = {
            "Leadline, one plain network": "Leadline",
            "Leadline, eight networks with embeddings": "Default",
            "scikit-learn": "ScikitLearn",
            "ONNX Runtime, the plain network": "OnnxRuntime",
        }
        contenders = [
            Contender(name, f"prediction_contenders:{target}", arguments, cores()) for name, target in names.items()
        ]
        title = f"{rows:,} row{'s' * (rows > 1)} at a time, hidden units {'-'.join(map(str, hidden))}"
        print(title)
        compete(contenders, options.rounds)
        ours = contenders[0]
        lines = [
            [
                c.name,
                f"{1e6 * c.median:,.3g}",
                spread([1e6 * s for s in c.seconds]),
                f"{statistics.median(ratios(c.seconds, ours.seconds)):.2f}",
                spread(ratios(c.seconds, ours.seconds)),
                f"{c.rounds[-1]['check']:.4f}",
            ]
            for c in contenders
        ]
        print("\n" + table(["", "µs per row", "range", "× the first", "range", "sum of 1,000"], lines) + "\n")
        record["contests"].append({"name": title, "rows": [{"name": c.name, "seconds": c.seconds} for c in contenders]})
    finish("prediction", record, PACKAGES, report)


if __name__ == "__main__":
    main()
