"""What the page draws, as headers and arrays."""
