"""Floor 2: a table in, an array of numbers out, and the way back to column names."""

from leadline.tables.datasets import Dataset, Part, Survey, hashed, is_dataset, stays_on_disk
from leadline.tables.frames import as_frame
from leadline.tables.layout import CategoryColumn, Encoded, Group, Layout, NumberColumn, in_order, words_of
from leadline.tables.lazy import collected_target, has_names
from leadline.tables.profile import LEVELS, Profile
from leadline.tables.reading import nearest, read_table
from leadline.tables.statistics import Statistics
from leadline.tables.target import Classes, Labels, Numbers, Target, TargetStatistics, check_complete, guess_task, shown

__all__ = [
    "LEVELS",
    "CategoryColumn",
    "Classes",
    "Dataset",
    "Encoded",
    "Group",
    "Labels",
    "Layout",
    "NumberColumn",
    "Numbers",
    "Part",
    "Profile",
    "Statistics",
    "Survey",
    "Target",
    "TargetStatistics",
    "as_frame",
    "check_complete",
    "collected_target",
    "guess_task",
    "has_names",
    "hashed",
    "in_order",
    "is_dataset",
    "nearest",
    "read_table",
    "shown",
    "stays_on_disk",
    "words_of",
]
