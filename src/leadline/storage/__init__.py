"""Floor 3: model files, and files that are written whole or not at all."""

from leadline.storage.files import write_whole
from leadline.storage.model_files import FORMAT, RECORD_NAME, WEIGHTS_NAME, load_record, save_record

__all__ = ["FORMAT", "RECORD_NAME", "WEIGHTS_NAME", "load_record", "save_record", "write_whole"]
