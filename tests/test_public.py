"""The public names, and what importing them costs."""

import subprocess
import sys

import pytest

import leadline


def test_the_public_names_are_these() -> None:
    assert sorted(leadline.__all__) == [
        "Dataset",
        "DeepClassifier",
        "DeepRegressor",
        "DepthSearchCV",
        "TableEncoder",
        "__version__",
        "compare",
        "cross_val_losses",
        "load",
        "network",
    ]
    for name in leadline.__all__:
        assert getattr(leadline, name) is not None
    assert dir(leadline) == sorted(leadline.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'leadline' has no attribute 'depth'"):
        _ = leadline.depth  # type: ignore[attr-defined]


def test_importing_leadline_and_its_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, leadline, leadline.cli; "
        "print([m for m in ('numpy', 'numba', 'sklearn', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
