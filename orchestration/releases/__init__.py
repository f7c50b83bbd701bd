"""Releases: which there are, how one is published, exported and compared."""
