"""What columns mean, in French.

Here: each English definition, as the documentation of the dbt models has it, with its translation. A definition that
changes there is no longer found here: the tests say so.
"""

FRENCH: dict[str, str] = {}
