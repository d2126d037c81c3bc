"""Benchmarks: programs that measure and say what they reach, never tests that fail for a slow machine.

`python -m tests.bench [NAME ...]` (or `make bench`) runs those that are named, or all of `registry`; each prints a
table and writes a JSON file with the machine, the versions and every single value.
"""
