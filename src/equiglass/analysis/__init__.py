"""What a trained network has learned: representation, order parameter, probes."""
