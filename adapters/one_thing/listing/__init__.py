"""企业上市合法合规信息核查·企业缴存公积金信息查询 (contracts_spec/one_thing/listing)."""
