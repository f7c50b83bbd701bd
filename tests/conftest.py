from __future__ import annotations

import zoneinfo

# Whatever the tests compute with zones of their own follows the locked package, not the tables of the machine.
zoneinfo.reset_tzpath(())
