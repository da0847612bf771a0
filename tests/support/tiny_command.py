"""``contrique`` with a network smaller than any that can be asked for: ``torchrun tests/support/tiny_command.py …``."""

import sys

from tiny_encoder import Tiny

from contrique.cli.main import main
from contrique.learning import encoders

if __name__ == "__main__":
    encoders.build = lambda name, start: Tiny()
    sys.exit(main())
