"""`python -m simulator`."""

import typer

from simulator.command import main

if __name__ == "__main__":
    typer.run(main)
