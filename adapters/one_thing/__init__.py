"""高效办成一件事: one folder for each item."""
