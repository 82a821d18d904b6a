"""OpenAPI 3.1 of the published queries, from their contracts: what is published is what is checked.

A contract's JSON Schemas are OpenAPI's own dialect; only their definitions move, since a tool
resolves ``#/$defs`` at the document's root.
"""

import json
from collections.abc import Sequence
from typing import Any

from hub import __version__
from hub.contracts import Contract, Transaction

OPENAPI = "/openapi.json"
_HEADERS = {
    "rid": "请求方标识，由中心登记",
    "sid": "服务标识，上架时分配",
    "rtime": "请求方时钟的毫秒时间戳；每个请求各不相同",
    "sign": "Base64(HMAC(sid + rid + rtime, 应用密钥))",
}


def document(contracts: Sequence[Contract]) -> dict[str, Any]:
    """One document for all of them."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for contract in contracts:
        for transaction in contract.transactions.values():
            paths[str(transaction.extra["path"])] = {
                "post": _operation(contract, transaction, schemas)
            }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "住房公积金中心接口平台·对外查询",
            "version": __version__,
            "description": "由接口规范（contracts_spec）生成；请求头的签名不覆盖正文。",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "中心的对外地址由部署决定"}],
        "tags": [{"name": one.interface, "description": one.name} for one in contracts],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(
    contract: Contract, transaction: Transaction, schemas: dict[str, Any]
) -> dict[str, Any]:
    interface, query = contract.interface, contract.extra["query"]
    prefix, by_code = contract.extra["gateway"]["prefix"], query["http_status"] == "by_code"
    for part in ("request", "reply"):
        _take_in(contract, str(transaction.extra[part]), schemas)
    codes = contract.table("code").codes
    said: dict[str, list[str]] = {}
    for code in codes.values():
        status = str(code.extra["http"]) if by_code else "200"
        said.setdefault(status, []).append(f"{code.code} {code.text}")
    reply = {"$ref": f"#/components/schemas/{_name(interface, str(transaction.extra['reply']))}"}
    request = {
        "$ref": f"#/components/schemas/{_name(interface, str(transaction.extra['request']))}"
    }
    return {
        "operationId": f"{interface}.{transaction.name}",
        "summary": transaction.what,
        "description": f"{contract.name} {contract.version}",
        "tags": [interface],
        "parameters": [
            {"name": f"{prefix}_{name}", "in": "header", "required": True, "description": what,
             "schema": {"type": "string", "maxLength": 200}}
            for name, what in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            status: {
                "description": "；".join(texts),
                "content": {"application/json": {"schema": reply}},
            }
            for status, texts in sorted(said.items())
        },
    }  # fmt: skip


def _take_in(contract: Contract, name: str, schemas: dict[str, Any]) -> None:
    raw = json.loads(contract.schemas[name].path.read_text(encoding="utf-8"))
    mine = _name(contract.interface, name)
    for key in ("$schema", "$id"):
        raw.pop(key, None)
    for part, schema in raw.pop("$defs", {}).items():
        schemas[f"{mine}.{part}"] = _moved(schema, mine)
    schemas[mine] = _moved(raw, mine)


def _moved(node: Any, whose: str) -> Any:
    if isinstance(node, list):
        return [_moved(one, whose) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"#/components/schemas/{whose}.{value.removeprefix('#/$defs/')}"
        if key == "$ref" and isinstance(value, str)
        else _moved(value, whose)
        for key, value in node.items()
    }


def _name(interface: str, schema: str) -> str:
    return f"{interface}.{schema}"
