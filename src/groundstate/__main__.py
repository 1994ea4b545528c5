"""``python -m groundstate``: the command line."""

from groundstate.cli import main

if __name__ == "__main__":
    main()
