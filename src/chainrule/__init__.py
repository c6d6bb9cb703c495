"""chainrule: the feed-forward neural network, whole."""

__version__ = "0.1.0"
