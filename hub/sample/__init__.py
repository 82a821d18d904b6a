"""The month the project ships for ``hub demo``: invented agreements with all the dirt of real ones.

``make.py`` writes it, always the same for the same seed; nobody in it exists.
"""

from pathlib import Path

MONTH = "2025-10"
FOLDER = Path(__file__).parent / MONTH
"""agreements.csv, loans.csv, persons.csv, units.csv."""
