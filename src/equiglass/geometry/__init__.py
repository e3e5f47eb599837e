"""Periodic boxes, neighbour pairs and graphs."""
