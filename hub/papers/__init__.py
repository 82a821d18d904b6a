"""Papers (DOCX): what people sign, made from what machines read.

``specification(contract, extras)`` is the 接口规范说明书 of an interface; ``Paper`` is the kit that
other papers are made with.  The same input gives the same bytes.
"""

from hub.papers.paper import Cell, Paper
from hub.papers.rows import SchemaNotPrintable
from hub.papers.specification import CENTRE, Extras, assumptions_of, specification

__all__ = [
    "CENTRE",
    "Cell",
    "Extras",
    "Paper",
    "SchemaNotPrintable",
    "assumptions_of",
    "specification",
]
