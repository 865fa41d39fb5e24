"""Documentation that is executed: README blocks and docstring examples."""

import doctest
import gzip
import importlib
import inspect
import pkgutil
import re
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import leadline

ROOT = Path(__file__).parent.parent


PAGES = [
    "README.md",
    "README.zh.md",
    "docs/index.md",
    "docs/targets-and-training.md",
    "docs/recipe.md",
    "docs/report.md",
    "docs/coming-from-scikit-learn.md",
    "docs/model-files.md",
    "docs/tables.md",
    "docs/onnx.md",
    "docs/how-sure.md",
    "docs/neighbours.md",
    "docs/comparing.md",
    "docs/accelerators.md",
    "docs/why-this-row.md",
    "docs/large-tables.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    assert blocks
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, page, "exec"), names)


# What is imported where a GPU is asked for, and needs the extra `gpu`.
NEED_TORCH = ("leadline.training.arrays", "leadline.training.stacked")


def modules() -> list[ModuleType]:
    found = [item.name for item in pkgutil.walk_packages(leadline.__path__, "leadline.")]
    left_out = () if find_spec("torch") else NEED_TORCH
    return [importlib.import_module(name) for name in found if name not in left_out]


def test_the_examples_in_docstrings_run() -> None:
    tried = 0
    for module in modules():
        result = doctest.testmod(module)
        assert result.failed == 0, module.__name__
        tried += result.attempted
    assert tried >= 15


def test_everything_public_has_a_docstring_with_shapes() -> None:
    for module in modules():
        assert module.__doc__, module.__name__
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if inspect.isfunction(thing) or inspect.isclass(thing):
                assert thing.__doc__, f"{module.__name__}.{name}"
    for kind in (leadline.DeepClassifier, leadline.DeepRegressor, leadline.DepthSearchCV):
        assert "(PARAMETERS)" not in str(kind.__doc__)
        for name in ("fit", "predict", "score"):
            assert re.search(r"\((n|m)[,)]", str(getattr(kind, name).__doc__)) or name == "score", name


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            # a link, and not g[l](z[l])
            if not link.startswith("http") and "[" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_page_of_the_equations_runs() -> None:
    page = str(ROOT / "docs" / "equations.md")
    result = doctest.testfile(
        page, module_relative=False, encoding="utf-8", optionflags=doctest.IGNORE_EXCEPTION_DETAIL
    )
    assert result.failed == 0
    assert result.attempted > 30


def test_every_line_that_a_page_quotes_is_in_the_file_that_it_links_to() -> None:
    quoted = 0
    for page in ROOT.glob("docs/*.md"):
        for line, link in re.findall(r"\[`([^`]+)`\]\((\.\./src/[^)]+\.py)\)", page.read_text("utf-8")):
            lines = [text.strip() for text in (page.parent / link).read_text("utf-8").splitlines()]
            assert line in lines, f"{page.name}: {line}"
            quoted += 1
    assert quoted >= 8


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("plot_*.py")), ids=lambda path: path.stem)
def test_the_worked_examples_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)
    runpy.run_path(str(path))
    assert capsys.readouterr().out.strip()
    plt.close("all")


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as the IDX format has it, compressed."""
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(head + array.astype(np.uint8).tobytes())


def run_script(monkeypatch: pytest.MonkeyPatch, name: str, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")


def test_the_example_for_pictures_runs_on_files_of_that_form(tmp_path, monkeypatch, capsys) -> None:
    generator = np.random.default_rng(0)
    for part, n in (("train", 200), ("t10k", 60)):
        labels = np.arange(n) % 10
        pictures = generator.integers(0, 40, (n, 28, 28))
        pictures[np.arange(n), 2 * labels, :] = 250
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(pictures))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(labels))
    words = ["--max-depth", 2, "--candidates", 1, "--max-iter", 4, "--save", tmp_path / "model"]
    run_script(monkeypatch, "fashion_mnist.py", tmp_path, *words)
    said = capsys.readouterr().out
    assert "accuracy on 60 other pictures: 1.0000" in said
    assert (tmp_path / "model" / "layers.html").exists()
    assert (tmp_path / "model" / "model.json").exists()


def test_the_example_for_speech_runs_on_a_file_of_that_form(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("librosa", reason="the example's own library, which the tests do not install")
    generator = np.random.default_rng(0)
    n, length = 120, 3000
    digit = np.arange(n) % 10
    speaker = np.array(["ann", "bob", "cem", "dora"])[np.arange(n) // 30]
    times = np.arange(length) / 8000
    tones = 8000 * np.sin(2 * np.pi * (300 + 250 * digit[:, None]) * times) + 300 * generator.normal(size=(n, length))
    samples, lengths = tones.astype(np.int16).ravel(), np.full(n, length)
    np.savez(tmp_path / "spoken_digits.npz", samples=samples, lengths=lengths, digit=digit, speaker=speaker)
    words = ["--test-speakers", "dora", "--candidates", 1, "--save", tmp_path / "model"]
    run_script(monkeypatch, "spoken_digits.py", tmp_path, *words)
    assert "dora: 1.000 right" in capsys.readouterr().out
