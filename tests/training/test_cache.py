"""Machine code on disk: shared by processes that start at once, and done without where there is no place for it."""

import os
import subprocess
import sys
from pathlib import Path

FIT = """
import hashlib, numpy as np
from leadline import DeepRegressor
X = np.random.default_rng(0).normal(size=(200, 3))
model = DeepRegressor(hidden_layer_sizes=(8,), max_iter=3, random_state=0).fit(X, X[:, 0] * X[:, 1])
print(hashlib.sha256(model.predict(X).tobytes()).hexdigest())
"""
NOWHERE = """
import numba.core.caching as caching
caching.CacheImpl._locator_classes = []
"""


def start(code: str, cache: Path) -> subprocess.Popen:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, env=environment, text=True
    )


def test_processes_that_start_at_once_share_the_cache_and_their_bits(tmp_path: Path) -> None:
    processes = [start(FIT, tmp_path) for _ in range(3)]
    bits = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    later = start(FIT, tmp_path)
    bits.add(later.communicate()[0])
    assert len(bits) == 1
    assert list(tmp_path.rglob("*.nbi"))


def test_without_a_place_for_a_cache_everything_works(tmp_path: Path) -> None:
    with_cache, without = start(FIT, tmp_path / "a"), start(NOWHERE + FIT, tmp_path / "b")
    assert with_cache.communicate()[0] == without.communicate()[0]
    assert without.returncode == 0
    assert not list((tmp_path / "b").rglob("*.nbi"))
