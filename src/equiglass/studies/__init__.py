"""The paper's questions as grids of trainings, one command each."""
