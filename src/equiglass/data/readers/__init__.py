"""One file per format; the data set chooses by content."""
