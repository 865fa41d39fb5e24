"""What the tests of the command line share: small tables, quick searches, and two runs that many tests only read."""

import signal
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from leadline.cli.app import app

# What a script starts in its background ignores interrupts, and so do its children; some tests interrupt theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

QUICK = ["--epochs", "5", "--candidates", "2", "--cv", "2", "--max-depth", "2", "--repeats", "1"]

Fitted = namedtuple("Fitted", ["exit_code", "stdout", "stderr", "folder", "data"])


def _command(*words, input=None):
    return CliRunner().invoke(app, [str(word) for word in words], input=input)


def _fit(folder, table, target, *more):
    """Run `leadline fit` on a table in a quick search; the run folder is `folder`/run."""
    data = table
    if isinstance(table, pd.DataFrame):
        data = folder / "table.csv"
        table.to_csv(data, index=False)
    result = _command("fit", data, "--target", target, *QUICK, "--out", folder / "run", *more)
    return Fitted(result.exit_code, result.stdout, result.stderr, folder / "run", data)


@pytest.fixture(scope="session")
def command():
    """Run a command in this process: command("predict", run, data)."""
    return _command


@pytest.fixture(scope="session")
def fit_into():
    """Run a quick `leadline fit` into a folder's run: fit_into(folder, table or file, target, *options)."""
    return _fit


@pytest.fixture
def fit(tmp_path):
    """Run a quick `leadline fit` into tmp_path/run: fit(table, target, *options)."""

    def run(table, target, *more):
        return _fit(tmp_path, table, target, *more)

    return run


def make_people(n=120):
    """Numbers, categories, text that looks like numbers or truth values, missing values, and a class to predict."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": generator.integers(20, 70, n),
            "income": np.where(generator.random(n) < 0.1, np.nan, generator.normal(30, 8, n).round(2)),
            "zip": generator.choice(["01", "02", "A3"], n),
            "member": generator.choice(["true", "false", "maybe"], n),
            "city": generator.choice(["Oslo", "Bergen", None], n),
        }
    )
    signal = table["age"] / 20 + (table["zip"] == "01") * 2 + generator.normal(0, 0.3, n)
    return table.assign(buys=np.where(signal > signal.median(), "yes", "no"), spends=(signal * 100).round(1))


@pytest.fixture
def people():
    """A fresh table of people."""
    return make_people()


@pytest.fixture(scope="session")
def classes_run(tmp_path_factory):
    """A fitted classification of "buys", with the JSON of the result on standard output."""
    table = make_people().drop(columns="spends")
    return _fit(tmp_path_factory.mktemp("classes"), table, "buys", "--json")


@pytest.fixture(scope="session")
def numbers_run(tmp_path_factory):
    """A fitted regression of "spends", with what people see on standard output."""
    table = make_people().drop(columns="buys")
    return _fit(tmp_path_factory.mktemp("numbers"), table, "spends")
