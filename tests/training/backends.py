"""The backends that tests run on: the compiled one, plain NumPy, and stacked arrays where PyTorch is installed."""

from importlib.util import find_spec

import pytest
from numpy_backend import NumpyBackend

from leadline.training import Processor

NO_TORCH = "PyTorch is not installed: pip install 'leadline[gpu]'"
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason=NO_TORCH)


def stacked(device: str):
    """The backend of stacked arrays on a device."""
    from leadline.training.arrays import Arrays

    return Arrays(device)


def gpu_or_skip() -> None:
    torch = pytest.importorskip("torch", reason=NO_TORCH)
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no GPU here")


def stacked_on_processor():
    return stacked("cpu")


def stacked_on_gpu():
    gpu_or_skip()
    return stacked("cuda")


BACKENDS = (
    pytest.param(Processor, id="processor"),
    pytest.param(NumpyBackend, id="numpy"),
    pytest.param(stacked_on_processor, id="stacked", marks=needs_torch),
    pytest.param(stacked_on_gpu, id="gpu", marks=pytest.mark.gpu),
)
