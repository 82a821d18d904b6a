"""The interface hub of a housing provident fund centre (公积金互联互通接口平台·中心端)."""

__version__ = "0.1.0"
