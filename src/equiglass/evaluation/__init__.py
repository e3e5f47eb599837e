"""Correlations, noise ceiling, scores."""
