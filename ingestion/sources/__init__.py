"""From each kind of source to landing; one module a kind."""


class SourceError(Exception):
    """A source cannot be read at all. The message says why and what to do."""
