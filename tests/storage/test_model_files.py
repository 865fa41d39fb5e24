"""Model files: what is written comes back, and what is damaged does not."""

import json

import numpy as np
import pytest
from safetensors.numpy import load

from leadline.errors import ModelFileError
from leadline.storage import FORMAT, load_record, save_record

RECORD = {"name": "Ærø", "numbers": [1, 0.1, None], "inner": {"flag": True}}
ARRAYS = {
    "W": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1e-30, -0.0]),
    "empty": np.zeros((0, 4), np.float32),
}


@pytest.fixture
def folder(tmp_path):
    save_record(tmp_path / "new" / "model", RECORD, ARRAYS)
    return tmp_path / "new" / "model"


def message(folder):
    with pytest.raises(ModelFileError) as caught:
        load_record(folder)
    return str(caught.value)


def test_a_record_and_arrays_come_back_as_they_were(folder):
    record, arrays, version = load_record(folder)
    assert version == FORMAT
    assert record == RECORD
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()


def test_arrays_that_are_views_come_back_too(tmp_path):
    save_record(tmp_path, {}, {"W": ARRAYS["W"].T, "every_other": ARRAYS["W"][:, ::2]})
    arrays = load_record(tmp_path)[1]
    np.testing.assert_array_equal(arrays["W"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(arrays["every_other"], [[0, 2], [3, 5]])


def test_the_two_files_are_json_and_safetensors_and_nothing_else(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert json.loads((folder / "model.json").read_text("utf-8"))["model"] == RECORD
    assert load((folder / "model.safetensors").read_bytes()).keys() == ARRAYS.keys()


def test_the_same_model_gives_the_same_bytes(folder, tmp_path):
    save_record(tmp_path / "again", RECORD, ARRAYS)
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_model_replaces_the_one_before(folder):
    save_record(folder, {"version": 2}, {})
    assert load_record(folder) == ({"version": 2}, {}, FORMAT)


def test_a_missing_folder_is_named(tmp_path):
    assert message(tmp_path / "nothing").startswith(f"{tmp_path / 'nothing'}: no such folder; give the folder of a run")


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert message(folder) == f"{folder} holds no model: {name} is missing."


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_file_that_is_cut_is_damaged(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-5])
    text = message(folder)
    assert str(folder / name) in text
    assert "is damaged" in text


def test_every_byte_of_the_weights_is_watched(folder):
    content = (folder / "model.safetensors").read_bytes()
    for i in range(len(content)):
        (folder / "model.safetensors").write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
        assert "model.safetensors is damaged" in message(folder)


def test_an_edited_record_does_not_match_its_checksum(folder):
    path = folder / "model.json"
    path.write_text(path.read_text("utf-8").replace("0.1", "0.2"), "utf-8")
    assert message(folder) == f"{path} is damaged: its content does not match its checksum."


def test_a_record_laid_out_anew_is_still_the_same(folder):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8"))), "utf-8")
    assert load_record(folder)[0] == RECORD


def test_weights_of_another_model_are_refused(folder, tmp_path):
    save_record(tmp_path / "other", RECORD, {"W": np.ones(3)})
    (tmp_path / "other" / "model.safetensors").replace(folder / "model.safetensors")
    assert "model.safetensors is damaged: it has 88 bytes, not 224" in message(folder)
    save_record(tmp_path / "other", RECORD, {name: array + 1 for name, array in ARRAYS.items()})
    (tmp_path / "other" / "model.safetensors").replace(folder / "model.safetensors")
    assert "belongs to another model.json" in message(folder)


def test_weights_that_were_never_any_are_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr("leadline.storage.model_files.save_arrays", lambda arrays: b"not what it should be")
    save_record(tmp_path, RECORD, ARRAYS)
    assert f"{tmp_path / 'model.safetensors'} is damaged" in message(tmp_path)


def test_a_model_that_may_not_be_read_says_why(folder, monkeypatch):
    def refuse(*given):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert message(folder) == f"The model in {folder} cannot be read: Permission denied."


@pytest.mark.parametrize("content", ["[]", "{}", '"text"', "null"])
def test_json_that_is_no_record_is_refused(folder, content):
    (folder / "model.json").write_text(content)
    assert message(folder) == f"{folder / 'model.json'} is not a model's record."


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "\udcff"])
def test_a_file_that_is_not_json_is_damaged(folder, content):
    (folder / "model.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert "model.json is damaged" in message(folder)


def test_another_format_is_refused_with_both_numbers(folder):
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "format": 99}))
    assert message(folder) == f"{path} has format 99; this version reads 1 to {FORMAT}."
