"""A call in a process of its own: nothing that ran before has a part in what it measures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def apart(run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a module's function, called in a new interpreter; raises what it raises."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, *args, **kwargs).result()
