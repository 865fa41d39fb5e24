"""`leadline work`: train the networks that a search hands out in its folder."""

import typer
from joblib import effective_n_jobs

from leadline.cli.console import counted
from leadline.estimators.handing_out import work

__all__ = ["run_work"]


def run_work(run: str, jobs: int, patience: float) -> None:
    """Work until the search is over, or there has been nothing to do for a while."""
    trained = work(run, patience, effective_n_jobs(jobs))
    typer.echo(f"{run}: {counted(trained, 'network')} trained")
