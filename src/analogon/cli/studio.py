"""`analogon studio`: edit a picture on a page in the browser."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say


def studio(
    *,
    data: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Folder of the projects; else analogon in the user's folder for data."),
    ] = None,
    host: Annotated[
        str,
        Parameter(
            metavar="ADDRESS",
            help="Where to listen. This machine alone reaches the usual one; 0.0.0.0 is reached from the whole "
            "network, by those who have the token that is printed.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(metavar="NUMBER", help="0 takes any that is free.")] = 8765,
    browser: Annotated[bool, Parameter(help="Open the page in the browser.")] = True,
) -> None:
    """Edit pictures on a page in the browser, until Ctrl-C.

    All that is done there is on the disk at once; the studio may be stopped and started again at any moment.
    """
    import os

    import analogon

    if data is None:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "analogon"

    def ready(address: str) -> None:
        say(f"{address}  (Ctrl-C ends it)")
        if browser:
            import webbrowser

            webbrowser.open(address)

    analogon.serve_studio(data, host=host, port=port, ready=ready)
    say(f"Stopped. The projects are in {data}")
