"""Floor 7: the command line. Reads arguments, prints, and calls the floors below.

This file and `app` import nothing heavy, so that `leadline --help` answers at once; a command imports what it needs.
"""

from leadline.cli.app import main

__all__ = ["main"]
