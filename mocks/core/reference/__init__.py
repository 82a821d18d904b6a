"""Mock of the centre's core system (核心业务系统), contracts_spec/core/reference."""
