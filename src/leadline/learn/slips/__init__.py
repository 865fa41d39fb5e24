"""The slips that learners make, each as the wrong formula that it is: what comes out of it is how it is recognised.

A slip belongs to one quantity of one function of the course. Its `wrong` computes the quantity from the same inputs as the
learner's function got; where a learner's numbers agree with it in every case, and not with the right ones, the slip has
its name. A formula that breaks a law of shapes raises, and says nothing in that case.
"""

from collections.abc import Sequence

from leadline.learn.slips.activations import ACTIVATION_SLIPS
from leadline.learn.slips.layers import LAYER_SLIPS
from leadline.learn.slips.learning import LEARNING_SLIPS
from leadline.learn.slips.networks import NETWORK_SLIPS
from leadline.learn.slips.slip import Slip

__all__ = ["SLIPS", "Slip", "slips_of"]

SLIPS: Sequence[Slip] = (*ACTIVATION_SLIPS, *LAYER_SLIPS, *NETWORK_SLIPS, *LEARNING_SLIPS)


def slips_of(function: str, quantity: str) -> list[Slip]:
    """The slips of one quantity of one function, in the order in which they are looked for."""
    return [slip for slip in SLIPS if slip.function == function and slip.quantity == quantity]
