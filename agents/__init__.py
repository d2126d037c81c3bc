"""One thin agent for each job: they hand batches over, and hold no business rule."""
