"""What all tests stand on."""

import signal

# Whoever starts the tests in the background of a script has interrupts ignored, by all that they start in turn; the
# commands that tests interrupt must hear of it, as they do from a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
