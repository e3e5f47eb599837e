"""Data and models that come with the package."""
