"""Ends the process in an orderly way."""

import sys

sys.exit("no licence was found")
