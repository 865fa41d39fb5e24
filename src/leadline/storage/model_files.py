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

FORMAT = 6
# A record holds names and categories; one that is larger is none.
MOST_RECORD_BYTES = 1 << 28
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
    content = {
        "format": FORMAT,
        "weights_bytes": len(weights),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "model": record,
    }
    content["sha256"] = _digest(content)
    write_whole(folder / WEIGHTS_NAME, weights)
    write_whole(folder / RECORD_NAME, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def load_record(folder: str | Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]], int]:
    """Read a model: the record and the arrays that `save_record` wrote, and the version of the format that it has.

    Raises
    ------
    ModelFileError
        A file is missing or damaged, the two do not belong together, or the format is of a later version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelFileError(f"{folder}: no such folder; give the folder of a run or of a saved model.")
    for name in (RECORD_NAME, WEIGHTS_NAME):
        if not (folder / name).is_file():
            raise ModelFileError(f"{folder} holds no model: {name} is missing.")
    try:
        content = _read_json(folder / RECORD_NAME)
        version = content["format"]
        stated = content.get("weights_bytes")
        size = (folder / WEIGHTS_NAME).stat().st_size
        if version > 1 and stated != size:
            raise ModelFileError(f"{folder / WEIGHTS_NAME} is damaged: it has {size:,} bytes, not {stated!r}.")
        weights = (folder / WEIGHTS_NAME).read_bytes()
    except OSError as error:
        raise ModelFileError(f"The model in {folder} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(weights).hexdigest() != content.get("weights_sha256"):
        raise ModelFileError(f"{folder / WEIGHTS_NAME} is damaged or belongs to another {RECORD_NAME}.")
    try:
        return content["model"], load_arrays(weights), version
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise ModelFileError(f"{folder / WEIGHTS_NAME} is damaged: {error}.") from error


def _read_json(path: Path) -> dict[str, Any]:
    """The content of a record, if it is what its checksum says and of a format that is known."""
    if path.stat().st_size > MOST_RECORD_BYTES:
        raise ModelFileError(f"{path} is too large to be a model's record ({path.stat().st_size:,} bytes).")
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: {error}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int) or "model" not in content:
        raise ModelFileError(f"{path} is not a model's record.")
    if not 1 <= content["format"] <= FORMAT:
        raise ModelFileError(f"{path} has format {content['format']}; this version reads 1 to {FORMAT}.")
    stated = content.pop("sha256", None)
    try:
        sound = stated == _digest(content)
    except (ValueError, RecursionError):  # text that no encoding has
        sound = False
    if not sound:
        raise ModelFileError(f"{path} is damaged: its content does not match its checksum.")
    return content


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")
