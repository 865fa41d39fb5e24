import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leadline.errors import RunFolderError
from leadline.search import Study, UnitKey, UnitResult

KEY = UnitKey(2, 1, 0, 0, 3)
RESULT = UnitResult(
    "stopped early",
    "why",
    np.array([3.0, 2.0]),
    0.5,
    (np.array([0.1, 0.2]), np.array([0.3, 0.1, 0.2])),
    (2, 1),
    (np.arange(6, dtype=np.float32).reshape(3, 2), np.zeros((2, 2), np.float32)),
)


def has_the_result(study: Study) -> bool:
    found = study.result(KEY)
    assert found is not None
    for name in ("state", "reason", "seconds", "best_epochs"):
        assert getattr(found, name) == getattr(RESULT, name)
    for name in ("curves", "outputs"):
        for a, b in zip(getattr(found, name), getattr(RESULT, name), strict=True):
            assert a.dtype == b.dtype
            assert np.array_equal(a, b)
    return np.array_equal(found.losses, RESULT.losses)


def test_what_is_recorded_comes_back_from_the_file(tmp_path: Path) -> None:
    study = Study(tmp_path / "new" / "study.db")
    study.record([(KEY, RESULT)])
    study.state("name", {"a": [1, None]})
    study.close()
    again = Study.read(tmp_path / "new" / "study.db")
    assert has_the_result(again)
    assert again.fact("name") == {"a": [1, None]}
    assert again.fact("other") is None
    assert again.result(KEY._replace(fold=1)) is None


def test_a_batch_is_recorded_whole_or_not_at_all() -> None:
    study = Study()
    study.record([(KEY, RESULT)])
    with pytest.raises(RunFolderError, match="The study cannot be written: UNIQUE"):
        study.record([(KEY._replace(fold=1), RESULT), (KEY, RESULT)])
    assert study.unit_keys() == [KEY]


def test_units_are_listed_by_depth() -> None:
    study = Study()
    study.record([(KEY._replace(depth=depth, fold=fold), RESULT) for depth in (3, 2) for fold in (1, 0)])
    assert [key.fold for key in study.unit_keys(3)] == [0, 1]
    assert [key.depth for key in study.unit_keys()] == [2, 2, 3, 3]


def test_an_existing_file_is_continued(tmp_path: Path) -> None:
    study = Study(tmp_path / "study.db")
    study.record([(KEY, RESULT)])
    study.close()
    again = Study(tmp_path / "study.db")
    again.record([(KEY._replace(fold=1), RESULT)])
    assert len(Study.read(tmp_path / "study.db").unit_keys()) == 2


def test_a_file_that_was_made_and_never_written_is_begun(tmp_path: Path) -> None:
    (tmp_path / "study.db").touch()
    Study(tmp_path / "study.db").record([(KEY, RESULT)])
    assert Study.read(tmp_path / "study.db").unit_keys() == [KEY]


IDENTITY = {"data": "abc", "settings": {"max_iter": 5, "dropout": 0.1}, "space": [1, 2], "seed": 0}


def test_a_study_of_the_same_search_is_known_again(tmp_path: Path) -> None:
    Study(tmp_path / "study.db").identify(IDENTITY)
    Study(tmp_path / "study.db").identify({**IDENTITY, "space": (1, 2)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": "xyz"}, "cannot be continued: data was abc, now xyz. Use what it was made with, or a new study"),
        ({"settings": {"max_iter": 6, "dropout": 0.1}}, "cannot be continued: settings max_iter was 5, now 6"),
        ({"seed": 1, "data": "xyz"}, "data was abc, now xyz; seed was 0, now 1"),
        ({"more": 1}, "more was None, now 1"),
    ],
)
def test_a_study_of_another_search_is_refused_with_the_difference(change: dict, message: str, tmp_path: Path) -> None:
    Study(tmp_path / "study.db").identify(IDENTITY)
    with pytest.raises(RunFolderError, match=message):
        Study(tmp_path / "study.db").identify({**IDENTITY, **change})


def test_a_full_disk_is_an_error_that_keeps_what_was_finished(tmp_path: Path) -> None:
    study = Study(tmp_path / "study.db")
    study.record([(KEY, RESULT)])
    (pages,) = study._connection.execute("PRAGMA page_count").fetchone()
    study._connection.execute(f"PRAGMA max_page_count = {pages}")
    large = replace(RESULT, outputs=(np.zeros((100_000, 1), np.float32),))
    with pytest.raises(RunFolderError, match=r"study.db cannot be written: database or disk is full.*make room"):
        study.record([(KEY._replace(fold=fold), large) for fold in (1, 2)])
    study.close()
    assert Study.read(tmp_path / "study.db").unit_keys() == [KEY]


def test_two_writers_at_once_are_an_error(tmp_path: Path) -> None:
    one, other = Study(tmp_path / "study.db"), Study(tmp_path / "study.db")
    one.record([(KEY, RESULT)])
    with pytest.raises(RunFolderError, match="nothing else writes the file"):
        other.record([(KEY, RESULT)])


def test_a_new_file_may_be_begun_by_two_processes_at_once(tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.db" for i in range(20)]
    for file in files:
        file.touch()
    together = threading.Barrier(4)

    def begin(file: Path) -> int:
        together.wait()
        study = Study(file)
        found = study.fact("format")
        study.close()
        return int(found)

    with ThreadPoolExecutor(4) as processes:
        for file in files:
            assert len(set(processes.map(begin, [file] * 4))) == 1


def test_a_network_that_failed_has_a_reason_and_nothing_else() -> None:
    study = Study()
    study.record([(KEY, UnitResult("failed", "MemoryError: no message"))])
    found = study.result(KEY)
    assert found == UnitResult("failed", "MemoryError: no message", found.losses)
    assert (found.curves, found.best_epochs, found.outputs, len(found.losses)) == ((), (), (), 0)


def test_a_network_is_named_by_the_folds_that_it_leaves_out() -> None:
    study = Study()
    keys = [UnitKey(2, 1, 0, fold, other) for fold, other in ((0, 1), (0, 2), (1, 2))]
    study.record([(key, RESULT) for key in reversed(keys)])
    assert study.unit_keys() == keys
    assert study.result(UnitKey(2, 1, 0, 1, 3)) is None


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
    assert has_the_result(again)
