"""The local server: the page, a guard before it, and a thread for each session at work."""
