"""Where networks train: which devices there are, which one a training is to have, and the backend that runs there.

PyTorch is imported only where another device than the processor is asked for, or may be worth it.
"""

import re
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

from leadline.errors import DeviceError
from leadline.records import Field
from leadline.training.cpu import Processor
from leadline.training.population import Backend

__all__ = ["CPU", "DEVICE", "WORTH_A_GPU", "backend_of", "described", "device_for", "stacks"]

# The compiled backend; the one for GPUs on the processor, which is slower and there to be tried and tested; a GPU.
CPU, STACKED_CPU, GPU = "cpu", "torch-cpu", "cuda"

# The rule for the parameter `device`.
DEVICE = Field(
    "'auto', 'cpu', 'cuda', 'cuda:1' or the like, or 'torch-cpu'",
    lambda value: isinstance(value, str) and re.fullmatch(rf"auto|{CPU}|{STACKED_CPU}|{GPU}(:\d+)?", value) is not None,
)

# device="auto" takes a GPU from so much work on: rows × parameters × networks, the multiply-adds of an epoch's forward
# pass. It is a guess on the side of the processor (two cores take several seconds for the epoch then), NOT measured: no
# GPU has run this code yet. `make benchmark-gpu` says what to put here.
WORTH_A_GPU = 1e11


def device_for(asked: str, work: float) -> str:
    """The device of a training.

    Parameters
    ----------
    asked : str
        What the caller said; see `DEVICE`.
    work : float
        Rows × parameters × networks, by which "auto" decides.

    Raises
    ------
    DeviceError
        The device that was asked for is not there; the message says what to install.
    """
    if asked == "auto":
        return GPU if work >= WORTH_A_GPU and find_spec("torch") and _gpus() else CPU
    if asked == CPU:
        return CPU
    if not find_spec("torch"):
        raise DeviceError(
            f"The device {asked!r} needs PyTorch, which is not installed: pip install 'leadline[gpu]', or take the "
            "device 'cpu'."
        )
    if asked == STACKED_CPU:
        return asked
    found, number = _gpus(), int(asked.partition(":")[2] or 0)
    if not found:
        raise DeviceError(
            f"The device {asked!r} is not there: PyTorch {version('torch')} finds no GPU. Install NVIDIA's driver and "
            "a PyTorch that is built for CUDA, or take the device 'cpu'."
        )
    if number >= found:
        raise DeviceError(
            f"The device {asked!r} is not there: PyTorch finds {found} of the kind, counted from cuda:0. Take one of "
            "them."
        )
    return asked


def _gpus() -> int:
    """GPUs that PyTorch can use."""
    cuda = import_module("torch").cuda
    return int(cuda.device_count()) if cuda.is_available() else 0


def stacks(device: str) -> bool:
    """Whether a device trains the networks of a population as one."""
    return device != CPU


def described(device: str) -> str:
    """What the bits of a network depend on beside the libraries that are always there, for the study."""
    if device == CPU:
        return CPU
    card = f" ({import_module('torch').cuda.get_device_name(device)})" if device.startswith(GPU) else ""
    return f"{device.partition(':')[0]}{card} by PyTorch {version('torch')}"


@cache
def backend_of(device: str) -> Backend:
    """What runs programs on a device, as `device_for` names it; one for the whole process."""
    if device == CPU:
        return Processor()
    arrays: Backend = import_module("leadline.training.arrays").Arrays(device.removeprefix("torch-"))
    return arrays
