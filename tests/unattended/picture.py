"""The picture of the asset graph in `docs/screenshots`, as Dagster's pages draw it: `make graph`.

Here: the picture. Not here: tests.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.browser.conftest import a_browser
from tests.unattended.deployment import BIN, deployed, until

PICTURE = Path(__file__).parents[2] / "docs" / "screenshots" / "asset-graph.png"
OPENED = ("sources", "raw", "marts", "release", "upkeep", "readers")
LOCATION = """
from pathlib import Path

from ingestion.settings import load_settings
from orchestration.assembly import build_defs

defs = build_defs(load_settings(Path(__file__).parent / "causerie.toml"))
"""


def main() -> None:
    """Take it again, after one run."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run([BIN / "causerie", "demo", "--out", folder, "--conversations", "500"], check=True)
        with deployed(folder, LOCATION) as deployment, a_browser() as browser:
            run = deployment.launch("causerie")
            until(lambda: deployment.status(run) == "SUCCESS")
            page = browser.new_context(viewport={"width": 1900, "height": 1400}).new_page()
            page.goto(f"{deployment.url}/asset-groups?expanded={','.join(f'global@global:{name}' for name in OPENED)}")
            page.get_by_text("details").first.wait_for(timeout=60_000)
            page.get_by_text("Hide navigation").click()
            page.wait_for_timeout(5_000)
            graph = {"x": 370, "y": 110, "width": 1470, "height": 1280}
            page.screenshot(path=PICTURE, clip=graph)
    print(PICTURE.name, PICTURE.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
