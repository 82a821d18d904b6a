"""What nine banks' wires cost: records a second, ours beside the least that any code needs."""
