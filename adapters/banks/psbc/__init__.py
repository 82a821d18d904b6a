"""邮储银行: control messages as sealed JSON, batches as files of rows over SFTP."""
