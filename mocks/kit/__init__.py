"""What every mock partner (挡板) shares: process, ports, journal, faults, clock, control plane.

Mocks import neither the hub nor its adapters; they share contract files with them, as data.
"""
