"""The script that Streamlit runs for each change of a page. Its argument is the link to the current release.

Here: nothing but the start. Not here: anything that should stay loaded between runs (``main``).
"""

import sys
from pathlib import Path

from reports.pages.main import show

show(Path(sys.argv[1]))
