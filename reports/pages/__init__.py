"""The report pages: a web application on the published release.

Here: what is shown, in which words, and what the address keeps. Not here: any figure (the table macros in the release),
nor how releases are opened and asked (``reports.published``, ``reports.queries``).

Modules that import Streamlit draw; all others can be tested without it.
"""
