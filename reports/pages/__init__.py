"""The report pages: a web application on the published release.

Here: what is shown, in which words, and what the address keeps. Not here: any figure (the table macros in the release),
nor how releases are opened and asked (``reports.published``, ``reports.queries``).

A request goes from ``app`` to a page in ``routes``. It reads the address (``address``, ``fitting``), asks the release
(``releases``, ``queries``), makes charts of rows (``charts``), and fills in a template (``rendering``, ``templates``)
in the words of a language (``texts``, ``formats``). The server keeps nothing between requests but open releases.
"""
