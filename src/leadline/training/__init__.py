"""Floor 2: from mathematics to trained networks. Imports `network` only (and NumPy, SciPy, Numba)."""

from leadline.training.blocks import Block, Plan
from leadline.training.cpu import Processor
from leadline.training.hyperparameters import Hyperparameters
from leadline.training.limits import Stop, Stopped, one_blas_thread
from leadline.training.pieces import FeatureScale, Inputs, plan_for
from leadline.training.population import Data, Scorer
from leadline.training.streams import stream
from leadline.training.trainer import Epoch, Judge, State, Task, Trained, layer_inputs, networks_at_once, train

__all__ = [
    "Block",
    "Data",
    "Epoch",
    "FeatureScale",
    "Hyperparameters",
    "Inputs",
    "Judge",
    "Plan",
    "Processor",
    "Scorer",
    "State",
    "Stop",
    "Stopped",
    "Task",
    "Trained",
    "layer_inputs",
    "networks_at_once",
    "one_blas_thread",
    "plan_for",
    "stream",
    "train",
]
