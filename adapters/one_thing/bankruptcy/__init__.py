"""企业破产信息核查·企业缴存公积金信息查询 (contracts_spec/one_thing/bankruptcy)."""
