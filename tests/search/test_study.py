import pickle
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from leadline.errors import RunFolderError
from leadline.search import Study, UnitKey, UnitResult

KEY = UnitKey(2, 1, 0, 0, 25)
RESULT = UnitResult("stopped early", "why", np.array([0.1, 0.2]), np.array([3.0]), 2, 0.5, np.float32([1.5, 2.5]))


def same(a: UnitResult, b: UnitResult) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in UnitResult.__dataclass_fields__)


def test_what_is_recorded_comes_back_from_the_file(tmp_path: Path) -> None:
    study = Study(tmp_path / "new" / "study.db")
    study.record([(KEY, RESULT)])
    study.state("name", {"a": [1, None]})
    study.close()
    again = Study.read(tmp_path / "new" / "study.db")
    found = again.result(KEY)
    assert found is not None
    assert same(found, RESULT)
    assert again.fact("name") == {"a": [1, None]}
    assert again.fact("other") is None
    assert again.result(KEY._replace(fold=1)) is None


def test_a_batch_is_recorded_whole_or_not_at_all() -> None:
    study = Study()
    study.record([(KEY, RESULT)])
    with pytest.raises(sqlite3.IntegrityError):
        study.record([(KEY._replace(fold=1), RESULT), (KEY, RESULT)])
    assert study.unit_keys() == [KEY]


def test_units_are_listed_by_depth() -> None:
    study = Study()
    study.record([(KEY._replace(depth=depth, fold=fold), RESULT) for depth in (3, 2) for fold in (1, 0)])
    assert [key.fold for key in study.unit_keys(3)] == [0, 1]
    assert [key.depth for key in study.unit_keys()] == [2, 2, 3, 3]


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("something")
    with pytest.raises(RunFolderError, match="already holds a study"):
        Study(tmp_path / "study.db")


def test_a_missing_a_foreign_and_a_newer_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no such study"):
        Study.read(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(RunFolderError, match="is not a study"):
        Study.read(tmp_path / "text.db")
    study = Study(tmp_path / "newer.db")
    study.state("format", 99)
    study.close()
    with pytest.raises(RunFolderError, match="has format 99"):
        Study.read(tmp_path / "newer.db")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot be made"):
        Study(tmp_path / "file" / "study.db")


@pytest.mark.parametrize("in_file", [False, True])
def test_a_study_can_be_pickled(in_file: bool, tmp_path: Path) -> None:
    study = Study(tmp_path / "study.db" if in_file else None)
    study.record([(KEY, RESULT)])
    again = pickle.loads(pickle.dumps(study))
    found = again.result(KEY)
    assert found is not None
    assert same(found, RESULT)
