"""Floor 5: one self-contained HTML page for each run, built from its study alone."""

from leadline.report.page import build_report

__all__ = ["build_report"]
