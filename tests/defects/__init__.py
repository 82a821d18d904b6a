"""Planted defects (埋错): faults put into a copy of the code, each of which a suite must notice.

``python -m tests.defects --help`` is the long form; pytest runs a short one of it.
"""
