"""Floor 2: from mathematics to trained networks. Imports `network` only (and NumPy, SciPy, Numba)."""

from leadline.training.blocks import Block, Plan
from leadline.training.cpu import Processor
from leadline.training.devices import described, device_for, stacks
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.limits import Stop, Stopped, one_blas_thread
from leadline.training.pieces import FeatureScale, Inputs
from leadline.training.plans import coded_above, input_columns, plan_for
from leadline.training.population import Scorer
from leadline.training.rows import AllBut, Data, Examples, Lens, Rows, Stream, Table, taken
from leadline.training.streams import stream
from leadline.training.tasks import Epoch, Holdout, Judge, Keeper, Reading, State, Task, Trained
from leadline.training.trainer import layer_inputs, networks_at_once, train

__all__ = [
    "AllBut",
    "Block",
    "Data",
    "Epoch",
    "Examples",
    "FeatureScale",
    "Holdout",
    "Hyperparameters",
    "Inputs",
    "Judge",
    "Keeper",
    "Lens",
    "Plan",
    "Processor",
    "Reading",
    "Rows",
    "Scorer",
    "State",
    "Stop",
    "Stopped",
    "Stream",
    "Table",
    "Task",
    "Trained",
    "coded_above",
    "described",
    "device_for",
    "input_columns",
    "layer_inputs",
    "networks_at_once",
    "one_blas_thread",
    "plan_for",
    "stacks",
    "stream",
    "taken",
    "train",
]
