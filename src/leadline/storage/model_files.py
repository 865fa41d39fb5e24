"""Model files: a plain record and named arrays, to `model.json` and `model.safetensors` in a folder and back.

The JSON is written last and carries the SHA-256 of the weights and of its own content, so a model that is
damaged, truncated or half-written is found out on load. Neither file can hold code.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from leadline.errors import ModelFileError
from leadline.storage.files import write_whole

__all__ = ["FORMAT", "RECORD_NAME", "WEIGHTS_NAME", "load_record", "save_record"]

FORMAT = 1
RECORD_NAME, WEIGHTS_NAME = "model.json", "model.safetensors"


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def save_record(folder: str | Path, record: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    record : mapping
        What JSON can hold.
    arrays : mapping of str to array
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    content = {"format": FORMAT, "weights_sha256": hashlib.sha256(weights).hexdigest(), "model": record}
    content["sha256"] = _digest(content)
    write_whole(folder / WEIGHTS_NAME, weights)
    write_whole(folder / RECORD_NAME, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def load_record(folder: str | Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a model: the record and the arrays that `save_record` wrote.

    Raises
    ------
    ModelFileError
        A file is missing or damaged, the two do not belong together, or the format is of another version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelFileError(f"{folder}: no such folder; give the folder of a run or of a saved model.")
    for name in (RECORD_NAME, WEIGHTS_NAME):
        if not (folder / name).is_file():
            raise ModelFileError(f"{folder} holds no model: {name} is missing.")
    try:
        text, weights = (folder / RECORD_NAME).read_text("utf-8"), (folder / WEIGHTS_NAME).read_bytes()
        content = json.loads(text)
    except OSError as error:
        raise ModelFileError(f"The model in {folder} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{folder / RECORD_NAME} is damaged: {error}.") from error
    if not isinstance(content, dict) or "format" not in content:
        raise ModelFileError(f"{folder / RECORD_NAME} is not a model's record.")
    if content["format"] != FORMAT:
        raise ModelFileError(f"{folder / RECORD_NAME} has format {content['format']!r}; this version reads {FORMAT}.")
    stated = content.pop("sha256", None)
    if stated != _digest(content):
        raise ModelFileError(f"{folder / RECORD_NAME} is damaged: its content does not match its checksum.")
    if hashlib.sha256(weights).hexdigest() != content["weights_sha256"]:
        raise ModelFileError(f"{folder / WEIGHTS_NAME} is damaged or belongs to another {RECORD_NAME}.")
    try:
        return content["model"], load_arrays(weights)
    except SafetensorError as error:
        raise ModelFileError(f"{folder / WEIGHTS_NAME} is damaged: {error}.") from error
