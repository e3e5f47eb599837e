"""One module per command, each with one importable function: what the command line calls."""
