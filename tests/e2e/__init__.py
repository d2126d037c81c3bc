"""The whole product on a real broker."""
