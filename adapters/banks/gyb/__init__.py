"""贵阳银行商贷月对冲: signed and ciphered JSON, results by notice."""
