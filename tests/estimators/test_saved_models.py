"""Model files as they come: of every version, and damaged or made by someone who means harm."""

import copy
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

import leadline
from leadline import DeepClassifier, DeepRegressor
from leadline.errors import DataError, ModelFileError
from leadline.storage import FORMAT, RECORD_NAME, WEIGHTS_NAME

sys.path.insert(0, str(Path(__file__).parents[1] / "storage"))
from make_model_fixtures import MODELS, ROWS, data, mixed

FIXTURES = sorted(path.parent for path in MODELS.glob("format-*/*/model.json"))


# Versions


def test_every_version_has_its_fixtures() -> None:
    assert {path.parent.name for path in FIXTURES} == {f"format-{version}" for version in range(1, FORMAT + 1)}
    # additive models came with format 4, text and statistics of categories with format 6
    assert len(FIXTURES) == 5 * FORMAT + (FORMAT - 3) + 2 * (FORMAT - 5)


@pytest.mark.parametrize("folder", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_model_of_any_version_predicts_what_it_did(folder: Path) -> None:
    model = leadline.load(folder)
    X, _ = data(folder.name)
    predicted = getattr(model, "predict_proba", model.predict)(X[:ROWS])
    assert np.allclose(predicted, json.loads((folder / "expected.json").read_text()), rtol=1e-9)


@pytest.mark.parametrize("name", ["classes", "numbers", "mixed", "search", "additive", "text", "many"])
def test_what_is_loaded_and_saved_again_is_the_same(name: str, tmp_path: Path) -> None:
    folder = MODELS / f"format-{FORMAT}" / name
    leadline.load(folder).save(tmp_path)
    for file in (RECORD_NAME, WEIGHTS_NAME):
        assert (tmp_path / file).read_bytes() == (folder / file).read_bytes()


def test_a_later_version_is_refused_by_its_number(tmp_path: Path) -> None:
    rewrite(tmp_path, lambda content, arrays: content.update(format=FORMAT + 1))
    with pytest.raises(ModelFileError, match=f"has format {FORMAT + 1}; this version reads 1 to {FORMAT}"):
        leadline.load(tmp_path)


# What is inside


def test_no_rows_are_inside(tmp_path: Path) -> None:
    X, y = mixed()
    shapes = []
    for n in (60, 120):
        DeepClassifier((4,), max_iter=2, random_state=0).fit(X[:n], y[:n]).save(tmp_path / str(n))
        arrays = load_arrays((tmp_path / str(n) / WEIGHTS_NAME).read_bytes())
        # of how improbable the truth of rows was held to be the order is left, and not whose it was
        scores = arrays.pop("scores")
        assert (np.diff(scores) >= 0).all()
        shapes.append({name: array.shape for name, array in arrays.items()})
    assert shapes[0] == shapes[1]
    text = (tmp_path / "120" / RECORD_NAME).read_text()
    assert not [value for value in X["size"].dropna() if repr(value) in text]


def test_it_loads_without_what_searches_reports_and_commands_need(tmp_path: Path) -> None:
    script = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"matplotlib", "jinja2", "rich", "typer", "onnx", "onnxruntime", "pyarrow", "polars"}:
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Refuse())
import leadline
print(leadline.load(sys.argv[1]).predict([[5.0, 3.4, 1.5, 0.2]]))
"""
    folder = MODELS / f"format-{FORMAT}" / "classes"
    ran = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("[")


# Damage and harm


def rewrite(folder: Path, change, source: Path = MODELS / f"format-{FORMAT}" / "mixed") -> None:
    """A model whose content was changed by someone who also changed the checksums."""
    content = json.loads((source / RECORD_NAME).read_text("utf-8"))
    arrays = load_arrays((source / WEIGHTS_NAME).read_bytes())
    content.pop("sha256")
    change(content, arrays)
    write(folder, content, save_arrays(arrays))


def write(folder: Path, content: dict, weights: bytes) -> None:
    content = {**content, "weights_bytes": len(weights), "weights_sha256": hashlib.sha256(weights).hexdigest()}
    written = json.dumps(content, sort_keys=True, ensure_ascii=False)
    content["sha256"] = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
    folder.mkdir(exist_ok=True)
    (folder / WEIGHTS_NAME).write_bytes(weights)
    (folder / RECORD_NAME).write_text(json.dumps(content, ensure_ascii=True), "utf-8")


def at(*path, value):
    """A change of one value of the model's record."""

    def change(content, arrays) -> None:
        inner = content["model"]
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


def without(*path):
    """A change that takes a value out of the model's record."""

    def change(content, arrays) -> None:
        inner = content["model"]
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]

    return change


def array(name: str, make):
    """A change of one array."""

    def change(content, arrays) -> None:
        arrays[name] = make(arrays[name])

    return change


HUGE = 10**12
CRAFTED = {
    "a profile of nothing": (at("profile", value={"rows": 0}), "'rows' must be a whole number from 1"),
    "a profile that is text": (at("profile", value="all"), "the profile"),
    "a profile without quantiles": (
        lambda content, arrays: arrays.pop("profile/quantiles"),
        "has no array 'profile/quantiles'",
    ),
    "quantiles that nobody asked for": (at("profile", value=None), "an array 'profile/"),
    "many networks": (at("members", value=[{}] * 10_000), "must have settings, and networks, no more of them than"),
    "no networks": (at("members", value=[]), "must have settings, and networks"),
    "networks that are a number": (at("members", value=HUGE), "'members' must be a list"),
    "no settings": (at("settings", value=[]), "must have settings, and networks"),
    "other settings": (at("members", 0, "settings", value=1), "'settings' must be a whole number from 0 to 0"),
    "a weight of nothing": (at("members", 0, "weight", value=0.0), "'weight' must be a positive number"),
    "a huge weight": (at("members", 0, "weight", value=1e999), "damaged|'weight' must be a positive number"),
    "many members": (at("settings", 0, "members", value=HUGE), "more units than the file has numbers"),
    "an embedding left open": (at("settings", 0, "numeric_embedding", value="auto"), "must be the one that was used"),
    "a piece too many": (at("settings", 0, "numeric_embedding", value="periodic"), "has no array '0/frequency'"),
    "huge layers": (
        at("settings", 0, "hidden_layer_sizes", value=[10**9, 10**9]),
        "more units than the file has numbers",
    ),
    "hidden layers of an additive network": (
        at("settings", 0, "additive", value=True),
        "must be \\(\\) where additive",
    ),
    "wide layers": (at("settings", 0, "hidden_layer_sizes", value=[9, 3]), r"must have shape \(9,"),
    "absurd layers": (at("settings", 0, "hidden_layer_sizes", value=[10**40]), "more units than the file has numbers"),
    "many layers": (
        at("settings", 0, "hidden_layer_sizes", value=[1] * 100_000),
        "more layers than the file has arrays",
    ),
    "layers of text": (
        at("settings", 0, "hidden_layer_sizes", value="44"),
        "the settings: .*hidden_layer_sizes must be",
    ),
    "no activation": (at("settings", 0, "activation", value="os.system"), "activation must be one of"),
    "a setting too many": (at("settings", 0, "hook", value="x"), "the settings has 'hook', which is unknown"),
    "a setting too few": (without("settings", 0, "dropout"), "the settings lacks 'dropout'"),
    "a batch of text": (at("settings", 0, "batch_size", value="many"), "batch_size must be"),
    "a rate without end": (at("settings", 0, "learning_rate_init", value=1e999), "damaged|learning_rate_init"),
    "huge features": (at("features", "count", value=HUGE), "'count' must be a whole number"),
    "other features": (at("features", "names", value=list("abcde")), "the features are not those of the layout"),
    "features of numbers": (at("features", "names", value=[1, 2, 3, 4, 5]), "'names' must be none, or 5 names"),
    "no columns": (at("layout", "columns", value=[]), "the layout must have columns"),
    "columns of text": (at("layout", "columns", value="abc"), "'columns' must be a list"),
    "a column of nothing": (at("layout", "columns", 0, value=None), "column 1 of the layout must be a record"),
    "a strange column": (at("layout", "columns", 0, "kind", value="picture"), "'kind' must be one of"),
    "a column twice": (at("layout", "columns", 1, "name", value="size"), "each with a name of its own"),
    "categories of numbers": (
        at("layout", "columns", 1, "categories", value=[1]),
        "'categories' must be a list of text",
    ),
    "a category twice": (at("layout", "columns", 1, "categories", value=["a", "a", "b"]), "has a category twice"),
    "dropped without reason": (at("layout", "dropped", value=[["a"]]), "'dropped' must be a list"),
    "another target": (at("target", "kind", value="__import__"), "must be a record of classes, labels, numbers"),
    "a target of a list": (at("target", "kind", value=[]), "must be a record of classes, labels, numbers"),
    "one class": (at("target", "values", value=["dear"]), "two or more classes"),
    "classes in disorder": (at("target", "values", value=["dear", "cheap"]), "in sorted order"),
    "classes of lists": (at("target", "values", value=[[1], [2]]), "'values' must be a list"),
    "classes of a huge type": (at("target", "dtype", value="<V100000000000"), "'dtype' must be the type"),
    "classes of objects": (at("target", "dtype", value="object"), "'dtype' must be the type"),
    "dates for classes": (at("target", "dtype", value="<M8"), "'dtype' must be the type"),
    "a loss that is code": (at("target", "loss", value="lambda z, y: 0"), "the target: loss must be one of"),
    "a loss with many parameters": (
        at("target", "loss", value="quantile(" + "0.5," * 9 + "2)"),
        "the target: loss must",
    ),
    "not a number in a weight": (array("0/W[1]", lambda a: np.where(a == a[0, 0], np.nan, a)), "finite numbers only"),
    "infinity in a weight": (array("0/b[2]", lambda a: a + np.inf), "finite numbers only"),
    "a scale of nothing": (array("0/scale", lambda a: a * 0), "positive numbers only"),
    "a scale that is none": (array("0/scale", lambda a: a * np.nan), "positive numbers only"),
    "a target without scale": (array("0/target_scale", lambda a: a + np.inf), "finite numbers only"),
    "another shape": (array("0/W[1]", lambda a: a.T.copy()), "must have shape"),
    "a flat array": (array("0/W[1]", lambda a: a.ravel()), "must have shape"),
    "another precision": (array("0/W[1]", lambda a: a.astype(np.float64)), "must be of float32; got float64"),
    "whole numbers": (array("0/b[1]", lambda a: a.astype(np.int32)), "must be of float32; got int32"),
    "an array too many": (lambda content, arrays: arrays.update({"../../x": np.ones(3)}), "unknown"),
    "an array too few": (lambda content, arrays: arrays.pop("0/fill"), "has no array '0/fill'"),
    "a model that is a list": (lambda content, arrays: content.update(model=[]), "the model must be a record"),
    "a format that is text": (lambda content, arrays: content.update(format="2"), "is not a model's record"),
    "a format of minus one": (lambda content, arrays: content.update(format=-1), "has format -1"),
}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("places", lambda a: a + 2**17, "must increase"),
        ("places", lambda a: a[::-1].copy(), "must increase"),
        ("places", lambda a: a - a[0] - 1, "must increase"),
        ("rarity", lambda a: a * 0, "must be positive"),
        ("length", lambda a: a * 0, "must be positive"),
    ],
)
def test_a_reduction_of_texts_that_reads_elsewhere_is_refused(name: str, change, message: str, tmp_path: Path) -> None:
    rewrite(tmp_path, array(f"text[0]/{name}", change), MODELS / f"format-{FORMAT}" / "text")
    with pytest.raises(ModelFileError, match=message):
        leadline.load(tmp_path)


@pytest.mark.parametrize("name", CRAFTED)
def test_what_was_made_to_harm_is_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    change, message = CRAFTED[name]
    rewrite(tmp_path, change)
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=message):
            leadline.load(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    source = MODELS / f"format-{FORMAT}" / "classes"
    for case, prepare in {
        "a pipe": lambda path: os.mkfifo(path),
        "a folder": lambda path: path.mkdir(),
        "a link to nowhere": lambda path: path.symlink_to("nowhere"),
        "a link to itself": lambda path: path.symlink_to(path),
        "nothing": lambda path: path.touch(),
        "a file with a hole": lambda path: path.touch() or os.truncate(path, 1 << 40),
    }.items():
        for name in (RECORD_NAME, WEIGHTS_NAME):
            folder = tmp_path / f"{case} {name}"
            shutil.copytree(source, folder)
            (folder / name).unlink()
            prepare(folder / name)
            with pytest.raises(ModelFileError, match="model"):
                leadline.load(folder)


def test_a_header_that_promises_much_is_refused(tmp_path: Path) -> None:
    content = json.loads((MODELS / f"format-{FORMAT}" / "classes" / RECORD_NAME).read_text())
    content.pop("sha256")
    header = b'{"0/W[1]":{"dtype":"F32","shape":[1000000000,1000000000],"data_offsets":[0,4]}}'
    for weights in (
        b"\xff" * 8,
        (1 << 62).to_bytes(8, "little") + b"{}",
        len(header).to_bytes(8, "little") + header + b"\0\0\0\0",
        b"\x02\0\0\0\0\0\0\0[]",
        b"\x80\x04\x95cposix\nsystem\n",
    ):
        write(tmp_path, content, weights)
        with pytest.raises(ModelFileError, match=r"damaged|has no array"):
            leadline.load(tmp_path)


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    shutil.copytree(MODELS / f"format-{FORMAT}" / "classes", tmp_path / "m")
    (tmp_path / "m" / RECORD_NAME).write_text("[" * 200_000)
    with pytest.raises(ModelFileError, match="damaged"):
        leadline.load(tmp_path / "m")


MUTATIONS, SEED = 2000, 0
STRANGE = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    0.5,
    1e308,
    "",
    "0",
    "x" * 1000,
    "\ud800",
    "\0",
    [],
    {},
    [[]],
]


def places(value, path=()):
    """The path of every value inside a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutate_json(content: dict, generator: random.Random) -> None:
    """Change one thing in a record."""
    *path, last = generator.choice([path for path in places(content) if path])
    inner = content
    for step in path:
        inner = inner[step]
    way = generator.randrange(4)
    if way == 0:
        inner[last] = copy.deepcopy(generator.choice(STRANGE))
    elif way == 1:
        del inner[last]
    elif way == 2 and isinstance(inner, list):
        inner.insert(generator.randrange(len(inner) + 1), copy.deepcopy(inner[last]))
    elif isinstance(inner, dict):
        inner[generator.choice(["", "x", "count", "name", "kind"])] = copy.deepcopy(inner[last])
    else:
        inner.reverse()


def mutate_bytes(data: bytes, generator: random.Random) -> bytes:
    """Flip, cut, double, move or replace some bytes."""
    changed = bytearray(data)
    i, j = sorted(generator.randrange(len(changed) + 1) for _ in range(2))
    way = generator.randrange(5)
    if way == 0:
        for _ in range(generator.randrange(1, 9)):
            changed[generator.randrange(len(changed))] ^= 1 << generator.randrange(8)
    elif way == 1:
        del changed[i:]
    elif way == 2:
        del changed[i : min(j, i + 64)]
    elif way == 3:
        changed[i:i] = changed[i : min(j, i + 64)]
    else:
        changed[i : i + 8] = generator.randbytes(8)
    return bytes(changed)


def test_two_thousand_mutants_load_soundly_or_are_refused(tmp_path: Path) -> None:
    generator = random.Random(SEED)
    sources = [path for path in FIXTURES if path.parent.name == f"format-{FORMAT}"]
    refused = loaded = 0
    tracemalloc.start()
    for i in range(MUTATIONS):
        source = generator.choice(sources)
        content = json.loads((source / RECORD_NAME).read_text("utf-8"))
        weights = (source / WEIGHTS_NAME).read_bytes()
        folder = tmp_path / "mutant"
        shutil.rmtree(folder, ignore_errors=True)
        way = generator.randrange(4)
        if way < 2:  # the record, with checksums that are right
            content.pop("sha256")
            for _ in range(generator.choice([1, 1, 2, 5])):
                mutate_json(content, generator)
            write(folder, content, weights)
        elif way == 2:  # the weights, with checksums that are right
            content.pop("sha256")
            write(folder, content, mutate_bytes(weights, generator))
        else:
            folder.mkdir()
            name = generator.choice([RECORD_NAME, WEIGHTS_NAME])
            for file in (RECORD_NAME, WEIGHTS_NAME):
                own = (source / file).read_bytes()
                (folder / file).write_bytes(mutate_bytes(own, generator) if file == name else own)
        try:
            model = leadline.load(folder)
        except ModelFileError as error:
            refused += bool(str(error))
            continue
        loaded += 1
        X, _ = data(source.name)
        with np.errstate(all="ignore"):
            try:
                predicted = getattr(model, "predict_proba", model.predict)(X[:ROWS])
            except DataError:  # a column has become one of dates, which these rows do not have
                continue
        assert len(predicted) == ROWS, i
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()
    assert refused + loaded == MUTATIONS, "every refusal gives a reason"
    assert loaded > 50, "some changes do no harm"


def test_estimators_pickle_to_the_same_predictions(tmp_path: Path) -> None:
    import joblib

    X, y = data("numbers")
    model = DeepRegressor((4,), max_iter=3, random_state=0).fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    assert np.array_equal(joblib.load(tmp_path / "model.joblib").predict(X), model.predict(X))
