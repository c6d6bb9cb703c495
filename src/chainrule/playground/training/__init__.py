"""A run: training in steps of any size, undone and changed while it goes."""
