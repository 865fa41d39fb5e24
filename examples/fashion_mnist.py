"""
Pictures: how deep for Fashion-MNIST?
=====================================

60,000 pictures of clothes, 28 × 28 grey values each, in ten classes; 10,000 others to test on. The four files of the
dataset (github.com/zalandoresearch/fashion-mnist, licence MIT) are not shipped with Leadline:

    python fashion_mnist.py FOLDER

FOLDER has train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and
t10k-labels-idx1-ubyte.gz.
"""

import argparse
import gzip
import resource
import time
from pathlib import Path

import numpy as np

from leadline import DeepClassifier, DepthSearchCV
from leadline.report import layer_report
from leadline.search import Dimension

# For pictures wider layers and more dropout than for tables.
SPACE = (
    Dimension("hidden_units", levels=(256, 512)),
    Dimension("learning_rate_init", low=5e-4, high=3e-3, log=True),
    Dimension("dropout", low=0.1, high=0.4),
    Dimension("alpha", low=1.0, high=1e3, log=True),
)
NAMES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def read_idx(path: Path) -> np.ndarray:
    """An array of bytes in the IDX format: two zeros, the type, the number of axes; their lengths; the values."""
    content = gzip.decompress(path.read_bytes())
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures as rows of float32, which take half the memory of float64, and the names of their classes."""
    pictures = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    return pictures.reshape(len(pictures), -1).astype(np.float32), np.array(NAMES)[labels]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--max-depth", type=int, default=4)
    parser.add_argument("--candidates", type=int, default=4, help="choices of everything else, at each depth")
    parser.add_argument("--max-iter", type=int, default=40, help="epochs of a network at most")
    parser.add_argument("--save", type=Path, help="folder for the model and a page of what layers see")
    options = parser.parse_args()

    X_train, y_train = read(options.folder, "train")
    X_test, y_test = read(options.folder, "t10k")
    began = time.perf_counter()
    search = DepthSearchCV(
        # smoothed labels keep networks learning after their log loss has begun to rise, which suits accuracy
        DeepClassifier(max_iter=options.max_iter, label_smoothing=0.1, random_state=0),
        max_depth=options.max_depth,
        candidates=options.candidates,
        space=SPACE,
        scoring="accuracy",
        verbose=1,
    ).fit(X_train, y_train)
    minutes = (time.perf_counter() - began) / 60

    predicted = search.predict(X_test)
    print(search.sentence_)
    print(
        f"accuracy on {len(y_test):,} other pictures: {np.mean(predicted == y_test):.4f}, after {minutes:.1f} minutes"
    )
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    for name in NAMES:
        own = y_test == name
        wrong, counts = np.unique(predicted[own & (predicted != y_test)], return_counts=True)
        taken_for = f", most often taken for {wrong[np.argmax(counts)]}" if len(wrong) else ""
        print(f"  {name:<11} {np.mean(predicted[own] == name):.3f}{taken_for}")
    if options.save:
        search.save(options.save)
        layers = layer_report(search.estimator_at(max(search.models_)), X_test, y_test, shape=(28, 28))
        (options.save / "layers.html").write_text(layers.html, "utf-8")


if __name__ == "__main__":
    main()
