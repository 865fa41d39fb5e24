"""How many awkward files come out as they were meant, by what reads them?

    python benchmarks/reading.py

The files, and what each must come to, are those of tests/tables/test_awkward_files.py. Beside Leadline: pandas by
itself, and AutoGluon's reading: its loader, and text that it takes for dates as dates. Where Leadline is told the
encoding or the separator, so are they. What is not installed is left out; AutoGluon's part comes with
`pip install autogluon.common autogluon.features` (it wants pandas below 2.4, so give it an environment of its own).
Prints how many files come out right and which do not, and writes results/reading.json.
"""

import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from harness import HERE, finish, table, versions

sys.path.insert(0, str(HERE.parent / "tests" / "tables"))
from test_awkward_files import CASES, Case, as_expected, columns_of, file_of

# What the parameters that Leadline is told are called elsewhere.
TOLD = {"encoding": "encoding", "separator": "delimiter"}


def by_leadline(path: Path, case: Case) -> Mapping[str, list[Any]]:
    return columns_of(path, case)


def by_pandas(path: Path, case: Case) -> Mapping[str, list[Any]]:
    readers = {
        ".jsonl": pd.read_json,
        ".ndjson": pd.read_json,
        ".feather": pd.read_feather,
        ".parquet": pd.read_parquet,
    }
    told = {"lines": True} if case.ending in (".jsonl", ".ndjson") else _told(case)
    return _values(readers.get(case.ending, pd.read_csv)(path, **told))


def by_autogluon(path: Path, case: Case) -> Mapping[str, list[Any]]:
    from autogluon.common.features.infer_types import check_if_datetime_as_object_feature
    from autogluon.common.loaders import load_pd

    frame = load_pd.load(str(path), **_told(case))
    dates = [name for name in frame if check_if_datetime_as_object_feature(frame[name])]
    return _values(
        frame.assign(**{name: pd.to_datetime(frame[name], errors="coerce", format="mixed") for name in dates})
    )


READERS: Mapping[str, Callable[[Path, Case], Mapping[str, list[Any]]]] = {
    "leadline": by_leadline,
    "pandas": by_pandas,
    "autogluon.common": by_autogluon,
}


def _told(case: Case) -> dict[str, Any]:
    said = (pair.partition("=") for pair in case.read)
    return {TOLD[name]: value for name, _, value in said if name in TOLD}


def _values(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): [None if pd.isna(value) else value for value in frame[name]] for name in frame}


def is_right(reader: Callable[[Path, Case], Mapping[str, list[Any]]], path: Path, case: Case) -> bool:
    """Whether a file comes out as it was meant; of one that is no table, whether it is refused."""
    try:
        found = reader(path, case)
    except Exception:
        return bool(case.error)
    if case.error:
        return False
    return all(
        name in found and len(found[name]) == len(own) and as_expected(found[name], own) == own
        for name, own in case.expected.items()
    )


def main() -> None:
    installed = versions(*READERS)
    if "leadline" not in installed:  # run from its sources
        from leadline import __version__

        installed["leadline"] = __version__
    right: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in READERS:
            if name in installed:
                reader = READERS[name]
                right[name] = [c.name for c in CASES if is_right(reader, file_of(Path(folder), c), c)]
    finish("reading", {"files": len(CASES), "versions": installed, "right": right}, list(READERS), report)


def report(record: dict[str, Any]) -> dict[str, str]:
    """Which files come out as they were meant, where not all readers do so."""
    right = record["right"]
    others = [c.name for c in CASES if any(c.name not in own for own in right.values())]
    cells = [[name, *("yes" if name in own else "" for own in right.values())] for name in others]
    total = ["all", *(f"{len(own)} of {record['files']}" for own in right.values())]
    return {"": table(["a file that not all read as it was meant", *right], [*cells, total])}


if __name__ == "__main__":
    main()
