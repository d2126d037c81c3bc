"""The policy by which the demo's clinic works: the file `clinic.yaml` beside this module."""

from __future__ import annotations

from importlib import resources

from streams.core.book import Book
from streams.core.policy_check import load

FILE = "clinic.yaml"


def text() -> bytes:
    """The policy file."""
    return resources.files("streams.demo").joinpath(FILE).read_bytes()


def book() -> Book:
    """The same, ready to judge by."""
    return Book(load(text(), FILE))
