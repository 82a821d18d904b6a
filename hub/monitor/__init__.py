"""The watch: what state each interface is in, minute by minute, and who is told of it.

Samples (probes, real traffic) make flips; flips, evidence, service hours, maintenance and signed
marks make the minute ledger.  Nothing here calls a partner: ``hub.app.watching`` does, and hands
in what was seen.  Instants are µs UTC of **business time**, as hours and maintenance are.
"""
