"""邮储银行's open platform and file exchange, as a server of its own."""
