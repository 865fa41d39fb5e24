"""Floor 7: the command line. Reads arguments, prints, and calls the floors below.

This file, `app` and the modules of commands import nothing heavy, so that `leadline --help` answers at once; a command
imports what it needs when it runs.
"""

from leadline.cli.app import main

__all__ = ["main"]
