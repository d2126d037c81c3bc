"""Would the tests notice? Hand-made faults of the core, and a program that tries each: `python -m tests.mutants`."""
