"""Layers on tensors and their degrees."""
