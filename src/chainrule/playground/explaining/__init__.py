"""Every number explained, and the diagnosis."""
