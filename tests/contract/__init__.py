"""The contract's examples: recorded faults, random logs and a real log with the alerts that they must give."""
