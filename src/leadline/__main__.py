"""`python -m leadline` is the command line."""

from leadline.cli.app import main

main()
