"""What can be kept of a run, and a run as a fitted estimator."""
