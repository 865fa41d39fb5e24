"""The page of equations, alive: one network that can be walked through, changed and trained in a browser, offline."""

from leadline.report.learn.page import LANGUAGES, MOST_BYTES, OwnNetwork, build_page, script

__all__ = ["LANGUAGES", "MOST_BYTES", "OwnNetwork", "build_page", "script"]
