"""The parameters that DeepClassifier and DeepRegressor share, in words, with the defaults that they have."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from leadline.training import Hyperparameters
from leadline.training.hyperparameters import NUMERIC_EMBEDDINGS, RECIPES

__all__ = ["with_parameters"]

_PARAMETERS = """\
Parameters
    ----------
    hidden_layer_sizes : sequence of int, default {hidden_layer_sizes}
        n[1] … n[L-1]; ``()`` is {linear}, L = 1, solved by L-BFGS on the same loss and gradient, or an additive model.
    activation : str, default {activation}
        g of every hidden layer: one of the names in `leadline.network.ACTIVATIONS`, or "auto": "relu" up to 10,000
        training rows, "silu" above.
    additive : bool, default False
        With ``hidden_layer_sizes=()`` a generalised additive model: each column goes through a learned curve of its
        own, the embedding, and the raw scores are the sum of the curves; trained in minibatches as deep networks are.
        L stays 1. `leadline.inspection.column_curves` gives the curves.
    recipe : {{"tabular", "plain"}}, default "tabular"
        What the parameters are that are None here: what suits tables, or the network of the equations and nothing else.
    loss : str or Loss, optional
        {loss}
    solver : str, default "{solver}"
        One of the names in `leadline.network.OPTIMISERS`, in minibatches, or "lbfgs" for all rows at once in float64;
        L = 1 is always solved by L-BFGS, unless the network is additive.
    alpha : float, optional
        L2 penalty: + alpha/2 ‖W‖² beside the summed loss of the rows (1/C of LogisticRegression, alpha of Ridge).
        Default 1 for L = 1, else 0, also where the network is additive.
    weight_decay : float or "auto", default {weight_decay}
        Decoupled decay (AdamW), another thing than `alpha`: W shrinks by learning rate × this at every step; "auto":
        0.05, and 1 for classes on more than 10,000 and up to 50,000 training rows.
    dropout : float or "auto", default {dropout}
        Share of each hidden layer's units silenced in a training step; "auto": 0.1 up to 50,000 training rows, or
        25,000 where numbers are predicted, none above.
    weight_decay_schedule, dropout_schedule : str, default {weight_decay_schedule}
        What weight decay and dropout are multiplied by over the planned epochs: see `learning_rate`.
    batch_size : int or "auto", default "{batch_size}"
        Rows in a minibatch; "auto" is a power of two from 16 to 256 near 1/32 of the rows, and 512
        above 500,000.
    learning_rate : str, default {learning_rate}
        Schedule over the planned epochs: one of the names in `leadline.network.SCHEDULES`.
    learning_rate_init : float, default {learning_rate_init}
        α, where the schedule starts.
    max_iter : int or "auto", default "{max_iter}"
        Epochs; "auto": 128, and above 10,000 training rows fewer: 49 for 40,000, 10 from 50,000 to a million, 4 for ten
        million. L-BFGS may take ten times as many iterations.
    early_stopping : bool, default True
        Stop a network when the score of the rows that it does not learn from has not improved for `n_iter_no_change`
        epochs, and return to the best epoch.
    validation_fraction : float, default 0.1
        Share of the rows held out for that where there is one network.
    n_iter_no_change : int or "auto", default "{n_iter_no_change}"
        Patience in epochs; "auto": 24, above 10,000 rows 12, above 50,000 10.
    n_networks : int, default 8, or 5 above 10,000 rows, 4 for numbers on 14,001 to 50,000 ("plain": 1)
        Networks whose predictions are averaged. The rows are divided into as many folds, and each network is stopped
        by another one, so that together they learn from all rows. What L-BFGS solves is one network.
    beta_1, beta_2, epsilon : float, default {beta_1}, {beta_2}, {epsilon}
        Adam's decay of the first and second moment, and the number kept from zero in its division.
    scaling : {{"robust", "standard", "none"}}, default {scaling}
        Number columns: median and quartiles with a smooth clip; mean and deviation; or as they are.
    numeric_embedding : {{{numeric_embeddings}}}, default {numeric_embedding}
        What a number becomes before layer 1: itself; itself and mixtures of cosines with learned frequencies; or how
        far it has come through each of its bins, of up to 128 where they are fine. "auto": cosines up to 10,000
        training rows, unless a network with fine bins errs less where the first one was stopped; bins above, 64 of them
        up to 50,000 (of up to 16 columns of numbers) and above 500,000, and above 50,000 in turns with cosines, unless
        bins err less than these.
    one_hot_up_to : int or "all", default {one_hot_up_to}
        Columns with more categories than this get a learned vector for each instead of an input for each.
    target_statistics : bool, default {target_statistics}
        Columns of many categories also enter by what the other rows of a category say of the target: smoothed means of
        it, and how many rows there are.
    feature_scale : bool, default {feature_scale}
        A learned factor for each input of layer 1.
    parametrization : {{"standard", "ntk"}}, default {parametrization}
        "ntk" multiplies the learning rate of W[l] by the standard deviation of its initial entries.
    members : int, default {members}
        Members that share the layers of a network, each with its own factors of the inputs and its own output layer.
    device : str, default "cpu"
        Where networks train: "cpu", compiled for the processor; "cuda" or "cuda:1", a GPU, with ``leadline[gpu]``;
        "auto", a GPU where there is one and the work is large; "torch-cpu", what runs on a GPU, on the processor. The
        bits differ from device to device. See docs/accelerators.md.
    columns : dict, optional
        What some columns are, by their names, where their values leave it open: "number", "date", "day first" or "month
        first" (dates as text), "category", "text" (free text), "words" (never numbers), "drop" (left out), or words in
        their order from low to high.
    monotonic_cst : dict of str to int, or (p,) sequence of int, optional
        By column: 1 where predictions (the probability of the second class, of each label, every number) must not fall
        as the column rises, -1 where they must not rise, 0 for anything. It holds for every row, by limits on the signs
        of weights. Numbers and dates only, and not for more than two classes.
    warm_start : bool, default False
        `fit` goes on from where the last one ended, for `max_iter` more epochs. With a constant learning rate the bits
        are those of one longer training. What the first fit found out about the columns and the target stays.
    callback : callable, optional
        Called after every epoch of the first network with an `Epoch` (number, loss, score, theta); something true ends
        the training of all.
    verbose : bool, default False
        Print a line for each epoch of the first network.
    random_state : int, Generator, RandomState or None
        Seed of folds, initial weights, shuffles and dropout. The same seed gives the same bits.{extra}

    Attributes
    ----------
    model_ : Model
        The networks, and everything between a table and their predictions.
    loss_curve_, validation_scores_ : (epochs,) arrays
        Mean training loss and validation score after each epoch of the first network, greater is better.
    best_epoch_ : int
        The epoch that the first network's parameters are from, counted from 1.
    coefs_, intercepts_ : lists of arrays
        W[l]ᵀ, (n[l-1], n[l]), and b[l], (n[l],), for l = 1 … L, of the first network.
    feature_importances_ : (p,) array
        Each column's share of the variance of the predictions; see `leadline.estimators.importances`.
    n_features_in_ : int
    feature_names_in_ : (p,) array
        If X had column names.
"""


Kind = TypeVar("Kind", bound=type[Any])


def _defaults(kind: type[Any]) -> dict[str, str]:
    """The default of every hyperparameter in words, with that of the plain recipe where it is another; and choices."""
    found = {"numeric_embeddings": ", ".join(f'"{name}"' for name in NUMERIC_EMBEDDINGS)}
    plain = {item.name: item.default for item in dataclasses.fields(Hyperparameters)}
    for name, of_plain in plain.items():
        own = getattr(kind, name, None)
        usual = RECIPES["tabular"].get(name, of_plain) if own is None else own
        if own is not None:
            found[name] = str(usual)
        else:
            found[name] = f"{usual!r}" if usual == of_plain else f'{usual!r} ("plain": {of_plain!r})'
    return found


def with_parameters(linear: str, loss: str, extra: str = "") -> Callable[[Kind], Kind]:
    """Put the parameters, which both estimators share, into a class's docstring at its mark."""

    def decorate(kind: Kind) -> Kind:
        defaults = _defaults(kind)
        described = _PARAMETERS.format(linear=linear, loss=loss, extra=extra.format(**defaults), **defaults)
        kind.__doc__ = str(kind.__doc__).replace("(PARAMETERS)", described.strip())
        return kind

    return decorate
