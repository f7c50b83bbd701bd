"""The suites: what is expected of each frame, as Great Expectations suites in Python."""
