"""Run the command line as ``python -m contrique``."""

import sys

from contrique.cli.main import main

sys.exit(main())
