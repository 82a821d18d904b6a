"""What every bank's mock keeps behind its own wire: book, ledger, instructions, registrations.

Nothing here knows a wire: verdicts and reasons are words, amounts are 分, and each bank's folder
says with which codes and fields of its contract it tells them.
"""
