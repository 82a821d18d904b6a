"""Every defect there is."""

from tests.defects import (
    planted_bus,
    planted_ends,
    planted_entry,
    planted_money,
    planted_partners,
    planted_proof,
    planted_queries,
    planted_wires,
)

DEFECTS = (
    *planted_money.DEFECTS,
    *planted_ends.DEFECTS,
    *planted_bus.DEFECTS,
    *planted_partners.DEFECTS,
    *planted_proof.DEFECTS,
    *planted_queries.DEFECTS,
    *planted_wires.DEFECTS,
    *planted_entry.DEFECTS,
)
