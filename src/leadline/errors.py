"""The errors that Leadline raises on purpose.

    LeadlineError
    ├── InputError (ValueError)      what the caller gave cannot be used
    │   ├── ParameterError           a parameter breaks its rule
    │   ├── ShapeError               an array breaks a law of shapes: the layer and the law are named
    │   └── DataError                the table: the column, the row, the value and what to do are named
    ├── ModelFileError (ValueError)  a model file is missing, damaged or of another kind
    ├── RunFolderError (ValueError)  a run folder cannot be made or used
    ├── DeviceError                  the device that was asked for is missing, or too small for one network
    └── Interrupted                  the time limit came before anything could be answered

Everything else that escapes is a defect of Leadline's.
"""


class LeadlineError(Exception):
    """Base of every error that Leadline raises on purpose."""


class InputError(LeadlineError, ValueError):
    """What the caller gave cannot be used; the message says what, where and what to do."""


class ParameterError(InputError):
    """A parameter breaks its rule: name, rule and the value received."""


class ShapeError(InputError):
    """An array breaks a law of shapes; the message names the layer and the law."""


class DataError(InputError):
    """The table cannot be used; the message names column, row or value and what to do."""


class ModelFileError(LeadlineError, ValueError):
    """A model file is missing, damaged or of another kind."""


class RunFolderError(LeadlineError, ValueError):
    """A run folder cannot be made or used."""


class DeviceError(LeadlineError):
    """A device is missing, or too small for one network; the message says what to install or to change."""


class Interrupted(LeadlineError):
    """The time limit came before a single depth could be judged."""
