"""What holds of every policy and every log, stated with the contract's rule and searched by Hypothesis."""
