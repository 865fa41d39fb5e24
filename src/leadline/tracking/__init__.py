"""Floor 7: fits and searches in experiment trackers: MLflow, Weights & Biases, TensorBoard."""

from leadline.tracking.facts import Facts, facts_of
from leadline.tracking.mlflow import log_to_mlflow, save_mlflow_model
from leadline.tracking.tensorboard import log_to_tensorboard
from leadline.tracking.wandb import log_to_wandb

__all__ = ["Facts", "facts_of", "log_to_mlflow", "log_to_tensorboard", "log_to_wandb", "save_mlflow_model"]
