"""The public data sets of the field, from their publishers: resumed, checked, recorded."""
