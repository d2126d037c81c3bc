"""What is under `deploy/`: held to its formats' own judges, to the settings, and where it can be to a run."""
