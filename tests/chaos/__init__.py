"""Kill -9 and bad days: a month's offset must close by itself, whatever happens to it.

``python -m tests.chaos --help`` is the long form; pytest runs a short one of it.
"""
