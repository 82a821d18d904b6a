"""Defects on our own side of what others call: what its certificates are there to notice."""

from tests.defects.registry import Catch, Defect, Edit, certificate

_LISTING = certificate("onething-listing")
_RETIREMENT = certificate("onething-retirement")
DEFECTS = (
    Defect(
        "query_signature_unchecked",
        "对外查询：不验签名 · whoever names a caller is believed",
        (
            Edit(
                "adapters/kit/gateway_terms.py",
                "        if not any(matched):\n",
                "        if not matched:\n",
            ),
        ),
        (Catch(_LISTING, "签名不符", "401"),),
    ),
    Defect(
        "query_replay_with_another_body",
        "对外查询：同一签名、不同正文也作答 · a signature that was used answers for another body",
        (
            Edit(
                "hub/api/gate.py",
                "        if before.body_digest == one.written.body_digest:\n",
                "        if before.body_digest:\n",
            ),
        ),
        (Catch(_LISTING, "同一签名、不同正文", "409"),),
    ),
    Defect(
        "query_masking_off",
        "对外查询：不按授权遮蔽字段 · whoever may ask sees every field",
        (
            Edit(
                "adapters/kit/enterprise.py",
                "{key: value for key, value in _unit(unit).items() if key in shown}",
                "{key: value for key, value in _unit(unit).items() if key or shown}",
            ),
        ),
        (Catch(_LISTING, "只给授权的字段", "keys"),),
    ),
    Defect(
        "query_revoked_is_answered",
        "对外查询：撤销了的照样作答 · a grant that was taken back still holds",
        (
            Edit(
                "hub/queries/calls.py",
                "            _g.revoked_us.is_(None),\n",
                "            _g.id > 0,\n",
            ),
        ),
        (Catch(_LISTING, "撤销授权", "403"),),
    ),
    Defect(
        "query_old_copy_is_answered",
        "对外查询：副本再旧也作答 · answers from a copy of any age",
        (
            Edit(
                "hub/queries/enterprise.py",
                "        if as_of is None or now - as_of > timedelta(seconds=limits.max_age_s):\n",
                "        if as_of is None or now - as_of > timedelta(days=limits.max_age_s):\n",
            ),
        ),
        (Catch(_LISTING, "副本过旧", "503"),),
    ),
    Defect(
        "push_same_version_other_content",
        "推送：同一版本、内容不同也当作重复 · another body under a known id is taken for a repeat",
        (
            Edit(
                "hub/bus/inbox.py",
                "        if self._bus.vault.open(tx, row.key_id, row.body) != body:\n",
                "        if not body:\n",
            ),
        ),
        (Catch(_RETIREMENT, "同一版本、内容不同", "301"),),
    ),
    Defect(
        "push_lying_file_taken",
        "材料：只看扩展名，不看内容 · a file is believed to be what its name says",
        (
            Edit(
                "hub/cases/files.py",
                "    said = _said(name)\n"
                "    if said and said != media and (said in rules.types or said == ZIP):\n"
                '        return "type_lies"\n'
                '    return OK if media in rules.types else "type_unknown"\n',
                '    return OK if (_said(name) or media) in rules.types else "type_unknown"\n',
            ),
        ),
        (Catch(_RETIREMENT, "文件类型不实", "last"),),
    ),
)
