"""`python -m streams.commands`: the same as `portalwatch`."""

from streams.commands import main

main(prog_name="portalwatch")
