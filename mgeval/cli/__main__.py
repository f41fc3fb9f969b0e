"""`python -m mgeval.cli`: the command line where no script is installed."""

from mgeval.cli import main

main()
