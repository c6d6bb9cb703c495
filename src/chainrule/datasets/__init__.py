"""Data to learn on: toy problems made on the spot, and handwritten digits from a local folder."""
