"""Workers under faults against the backtest: `python -m tests.chaos` (see `run.py` for how it works)."""
