"""Which device a training has, and what is said where there is none."""

from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from backends import needs_torch

from leadline.errors import DeviceError
from leadline.training import Processor, described, device_for, devices


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine with so many GPUs, with PyTorch or without."""

    def make(gpus: int, torch: bool = True) -> None:
        monkeypatch.setattr(devices, "find_spec", lambda name: object() if torch else None)
        monkeypatch.setattr(devices, "version", lambda name: "2.9.0")
        cuda = SimpleNamespace(
            is_available=lambda: gpus > 0, device_count=lambda: gpus, get_device_name=lambda device: f"Card {device}"
        )
        monkeypatch.setattr(devices, "import_module", lambda name: SimpleNamespace(cuda=cuda))

    return make


@pytest.mark.parametrize(
    ("gpus", "torch", "work", "device"),
    [
        (0, False, 1e15, "cpu"),
        (0, True, 1e15, "cpu"),
        (1, True, devices.WORTH_A_GPU / 2, "cpu"),
        (1, True, devices.WORTH_A_GPU, "cuda"),
        (1, False, devices.WORTH_A_GPU, "cpu"),
    ],
)
def test_auto_takes_a_gpu_that_is_there_for_large_work(machine, gpus, torch, work, device) -> None:
    machine(gpus, torch)
    assert device_for("auto", work) == device


def test_a_device_that_is_there_is_taken_whatever_the_work(machine) -> None:
    machine(2)
    assert [device_for(own, 1.0) for own in ("cpu", "cuda", "cuda:1", "torch-cpu")] == [
        "cpu",
        "cuda",
        "cuda:1",
        "torch-cpu",
    ]


@pytest.mark.parametrize(
    ("gpus", "torch", "asked", "message"),
    [
        (0, False, "cuda", r"The device 'cuda' needs PyTorch, which is not installed: pip install 'leadline\[gpu\]'"),
        (0, False, "torch-cpu", "The device 'torch-cpu' needs PyTorch"),
        (0, True, "cuda", "PyTorch 2.9.0 finds no GPU. Install NVIDIA's driver .* or take the device 'cpu'"),
        (2, True, "cuda:2", "PyTorch finds 2 of the kind, counted from cuda:0"),
    ],
)
def test_a_device_that_is_missing_is_named_with_what_to_do(machine, gpus, torch, asked, message) -> None:
    machine(gpus, torch)
    with pytest.raises(DeviceError, match=message):
        device_for(asked, 1.0)


@pytest.mark.parametrize("value", ["gpu", "cuda:", "cuda:x", "CPU", "mps", None, 0])
def test_other_names_are_refused(value) -> None:
    assert not devices.DEVICE.allows(value)


def test_the_processor_needs_no_pytorch(machine) -> None:
    machine(0, torch=False)
    assert isinstance(devices.backend_of("cpu"), Processor)
    assert described("cpu") == "cpu"


def test_the_study_knows_a_gpu_by_its_name_and_version(machine) -> None:
    machine(2)
    assert described("cuda:1") == "cuda (Card cuda:1) by PyTorch 2.9.0"
    assert described("torch-cpu") == "torch-cpu by PyTorch 2.9.0"


@needs_torch
def test_a_device_has_one_backend_in_a_process() -> None:
    assert devices.backend_of("torch-cpu") is devices.backend_of("torch-cpu")
    assert devices.backend_of("torch-cpu").device.type == "cpu"


def test_the_processor_is_found_without_importing_pytorch(run_python) -> None:
    code = "import sys, leadline.estimators; print('torch' in sys.modules)"
    assert run_python(code) == "False"


@pytest.fixture
def run_python():
    """What a new interpreter prints."""
    import subprocess
    import sys

    def run(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    return run


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_pytorch_it_is_named() -> None:
    with pytest.raises(DeviceError, match="is not installed"):
        device_for("cuda", 1.0)
