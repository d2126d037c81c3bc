"""A policy looked at from outside: said in words, looked through for what nobody can have meant, compared with another.

Pure functions over `schemas.policy` and `streams.core`; nothing here judges an item, reads a clock or does I/O.  The
commands `check` and `diff` print what it gives.
"""
