"""Hostile input for every file that equiglass reads: made, read under limits, and counted."""
