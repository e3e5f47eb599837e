"""Potentials, molecular dynamics, quenches, isoconfigurational ensembles."""
