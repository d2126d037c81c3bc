"""The board in a browser, against a live worker."""
