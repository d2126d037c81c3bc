"""A second, slow and obvious implementation of the contract's judgement: the oracle of the differential tests.

It shares no code with the product. `backtest` runs a whole log; `Model` is driven step by step.
"""

from .engine import Model, backtest

__all__ = ["Model", "backtest"]
