"""A contract's sections in words: what a page and a paper call them and their keys."""

from hub.contracts import Contract

KNOWN = {
    "call_timeout_s": "一次调用的时限（秒）", "longest_lease_s": "一次发送尝试的最长租期（秒）",
    "settle_after_s": "查无之后多久才可原样重发（秒）", "format": "报文格式",
    "declared_charset": "报文上写的字符集", "written_charset": "实际编码的字符集",
    "amount_unit": "金额单位", "time_zone": "时区", "http_status": "HTTP 状态码",
    "concurrency": "同时在途的调用", "idempotent": "同一编号只生效一次", "what": "名称",
    "path": "路径", "content_type": "Content-Type", "query": "查询", "payment": "划款",
    "amount_fen": "一笔最多，分", "batch_rows": "一批最多明细", "inquiry_rows": "一次最多查几个",
    "page_rows": "每页最多行数",
    "ordered": "指令有序", "example": "示例", "command": "指令",
}  # fmt: skip
TITLES = {
    "wire": "编码与单位", "endpoints": "端点", "values": "部署参数", "secrets": "密钥与凭证",
    "frame": "报文帧", "envelope": "信封", "signature": "签名", "security": "WS-Security",
    "session": "会话", "gateway": "网关", "query": "查询", "case": "办件", "doors": "入口",
    "push": "推送", "booking": "记账字段的取值",
}  # fmt: skip
PRINTED = {
    "format", "interface", "name", "version", "partner", "wire", "endpoints", "timing", "limits",
    "numbers", "hours", "values", "secrets", "transactions", "schemas", "layouts", "fields",
    "code_tables", "files", "columns", "inbound",
}  # fmt: skip
"""Sections that have a place of their own; what else a contract says is printed as it stands."""

TRANSPORT = ("wire", "endpoints", "values", "secrets")
"""How the partner is reached and what a deployment gives."""


def transport_of(contract: Contract) -> tuple[str, ...]:
    """Sections about the way, then those that this contract adds."""
    return (*TRANSPORT, *(one for one in contract.extra if one not in PRINTED))


def title_of(section: str) -> str:
    """In Chinese; a section of the contract's own under its own name."""
    return TITLES.get(section, section)
