"""One builder per model, its inputs, and how trained models are stored."""
