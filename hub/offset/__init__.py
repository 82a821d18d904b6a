"""The month's commercial-loan offset (商贷月对冲): design.md §6, from agreement to close."""
