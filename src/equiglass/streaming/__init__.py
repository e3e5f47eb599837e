"""Many configurations through worker processes, each result on disk as soon as it is there."""
