"""The storefront's process as its image runs it, but at one address of this machine instead of at all.

python -m retail.local.platform.storefront 127.1.1.1
"""

from __future__ import annotations

import sys

from retail.storefront import app

if __name__ == "__main__":
    app.main(host=sys.argv[1])
