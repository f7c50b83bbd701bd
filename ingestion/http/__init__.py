"""Requests to a live system over HTTP, within limits; the same for every system."""
