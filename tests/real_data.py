"""Real support conversations, where they lie beside the checkout; never part of it."""

from pathlib import Path

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "thunderbird"


def config_for_real_data(folder: Path, drop: Path = REAL_DATA / "drop") -> Path:
    """The real configuration with its home in ``folder``, reading ``drop``."""
    text = (REAL_DATA / "causerie.toml").read_text().replace('path = "drop"', f'path = "{drop}"')
    config = folder / "causerie.toml"
    config.write_text(text)
    return config
