"""Ways into other programs: OVITO's pipeline, ASE's formats."""
