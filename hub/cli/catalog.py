"""``hub catalog``: what the province's platforms are told of our interfaces."""

import typer

from hub.cli.common import AsJson, Home, clean_errors, show

app = typer.Typer(no_args_is_help=True, help="资源目录与适配对照 · catalogues for the province")


@app.command()
@clean_errors
def adaptation(home: Home = None, as_json: AsJson = False) -> None:
    """适配对照表：省监管平台目录的每个功能，已适配、不适用（原因）、未适配，并计数.

    Every function of the supervision platform's catalogue: adapted, not applicable and why, or
    not yet.
    """
    from hub.app.adaptation import adaptations, counted, has_catalogue
    from hub.app.discover import discover
    from hub.kernel.settings import Settings

    tables = {
        name: adaptations(each.contract)
        for name, each in discover(Settings.load(home)).items()
        if has_catalogue(each.contract)
    }
    said = {
        name: {"counted": counted(rows), "functions": [one.as_dict() for one in rows]}
        for name, rows in tables.items()
    }
    lines = []
    for name, rows in tables.items():
        lines += [f"{one.id}\t{one.word}\t{one.path}\t{one.title}\t{one.why}" for one in rows]
        lines.append(f"{name}：" + "，".join(f"{w} {n}" for w, n in counted(rows).items()))
    show(said, as_json, "\n".join(lines))
