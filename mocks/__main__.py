"""``python -m mocks serve …``: see ``mocks.kit.entry``."""

import sys

from mocks.kit.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
