"""What is planted in the ledgers of bank and core is found, and settled to a balanced close."""
