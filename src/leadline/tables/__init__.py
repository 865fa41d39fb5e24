"""Floor 2: a table in, an array of numbers out, and the way back to column names."""

from leadline.tables.category_statistics import PARTS, CategoryStatistics, parts_of, told_by_statistics
from leadline.tables.class_targets import Classes, Labels, Ordinal
from leadline.tables.columns import (
    SAID,
    CategoryColumn,
    Column,
    NumberColumn,
    in_order,
    infer_column,
    known_words,
    number_values,
    numbers_of,
    words_of,
)
from leadline.tables.crosses import MOST_CELLS, Axis, Cross
from leadline.tables.datasets import Dataset, Part, Survey, hashed, is_dataset, stays_on_disk
from leadline.tables.dates import CALENDAR, tells
from leadline.tables.frames import as_frame, encodable, free_name, with_columns
from leadline.tables.layout import Encoded, Group, Layout
from leadline.tables.lazy import collected_target, has_names
from leadline.tables.number_targets import Numbers
from leadline.tables.profile import LEVELS, Profile
from leadline.tables.reading import FileForm, Found, nearest, parse_form, read_file, read_table
from leadline.tables.statistics import Statistics
from leadline.tables.target import Target, TargetStatistics
from leadline.tables.target_kinds import infer_target, target_from_record
from leadline.tables.text import TextColumn
from leadline.tables.values import check_complete, guess_task, looks_like_counts, no_value, shown, writing_of
from leadline.tables.written import OrderedWords, WrittenNumbers

__all__ = [
    "CALENDAR",
    "LEVELS",
    "MOST_CELLS",
    "PARTS",
    "SAID",
    "Axis",
    "CategoryColumn",
    "CategoryStatistics",
    "Classes",
    "Column",
    "Cross",
    "Dataset",
    "Encoded",
    "FileForm",
    "Found",
    "Group",
    "Labels",
    "Layout",
    "NumberColumn",
    "Numbers",
    "OrderedWords",
    "Ordinal",
    "Part",
    "Profile",
    "Statistics",
    "Survey",
    "Target",
    "TargetStatistics",
    "TextColumn",
    "WrittenNumbers",
    "as_frame",
    "check_complete",
    "collected_target",
    "encodable",
    "free_name",
    "guess_task",
    "has_names",
    "hashed",
    "in_order",
    "infer_column",
    "infer_target",
    "is_dataset",
    "known_words",
    "looks_like_counts",
    "nearest",
    "no_value",
    "number_values",
    "numbers_of",
    "parse_form",
    "parts_of",
    "read_file",
    "read_table",
    "shown",
    "stays_on_disk",
    "target_from_record",
    "tells",
    "told_by_statistics",
    "with_columns",
    "words_of",
    "writing_of",
]
