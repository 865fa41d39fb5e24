"""Floor 2: a table in, an array of numbers out, and the way back to column names."""

from leadline.tables.frames import as_frame
from leadline.tables.layout import CategoryColumn, Encoded, Layout, NumberColumn, words_of
from leadline.tables.lazy import collected_target, has_names
from leadline.tables.reading import nearest, read_table
from leadline.tables.statistics import Statistics
from leadline.tables.target import Classes, Labels, Numbers, Target, TargetStatistics, check_complete, guess_task, shown

__all__ = [
    "CategoryColumn",
    "Classes",
    "Encoded",
    "Labels",
    "Layout",
    "NumberColumn",
    "Numbers",
    "Statistics",
    "Target",
    "TargetStatistics",
    "as_frame",
    "check_complete",
    "collected_target",
    "guess_task",
    "has_names",
    "nearest",
    "read_table",
    "shown",
    "words_of",
]
