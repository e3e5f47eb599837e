"""Configurations, readers, the store, splits."""
