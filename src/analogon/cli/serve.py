"""`analogon serve`: renders and fits for programs, as jobs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say


def serve(
    *,
    data: Annotated[
        Path, Parameter(metavar="DIR", help="Folder of the server; it is made where there is none.")
    ] = Path("service"),
    database: Annotated[
        str | None,
        Parameter(metavar="URL", help="postgresql://USER@HOST/NAME; else an SQLite file in the folder."),
    ] = None,
    files: Annotated[
        str | None,
        Parameter(metavar="PLACE", help="A folder, or a URL such as s3://BUCKET/PREFIX; else a folder in the folder."),
    ] = None,
    host: Annotated[
        str,
        Parameter(
            metavar="ADDRESS",
            help="Where to listen. This machine alone reaches the usual one; 0.0.0.0 is reached from the whole "
            "network, by those who have a token.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(metavar="NUMBER", help="0 takes any that is free.")] = 8770,
    tokens: Annotated[
        Path | None,
        Parameter(metavar="FILE", help="A line NAME TOKEN for each who may ask; they see only what is their own."),
    ] = None,
    renders: Annotated[
        int | None, Parameter(metavar="NUMBER", help="Renders at a time; else one on each core.")
    ] = None,
    fits: Annotated[int, Parameter(metavar="NUMBER", help="Fits at a time.")] = 1,
    max_upload: Annotated[float, Parameter(metavar="MIB", help="Size of a request.")] = 32.0,
    max_pixels: Annotated[float, Parameter(metavar="MEGAPIXELS", help="Size of a picture.")] = 4.0,
    max_seconds: Annotated[float, Parameter(metavar="SECONDS", help="Time of a render.")] = 600.0,
    max_minutes: Annotated[float, Parameter(metavar="MINUTES", help="Time of a fit.")] = 60.0,
    max_queue: Annotated[int, Parameter(metavar="NUMBER", help="Jobs that wait at a time.")] = 10_000,
    max_storage: Annotated[float, Parameter(metavar="GIB", help="What one owner stores, of projects and jobs.")] = 20.0,
    max_total: Annotated[float, Parameter(metavar="GIB", help="What all owners store.")] = 200.0,
) -> None:
    """Serve projects, renders and fits to programs over HTTP, until Ctrl-C.

    What is acknowledged is on the disk; the server may be stopped, killed and started again at any moment, and goes on
    with all jobs.
    """
    import analogon

    def ready(address: str, token: str | None) -> None:
        say(f"{address}  (Ctrl-C ends it)")
        if token is not None:
            say(f"Token: {token}")

    analogon.serve(
        data,
        database=database,
        files=files,
        host=host,
        port=port,
        tokens=tokens,
        renders=renders,
        fits=fits,
        max_upload=max_upload,
        max_pixels=max_pixels,
        max_seconds=max_seconds,
        max_minutes=max_minutes,
        max_queue=max_queue,
        max_storage=max_storage,
        max_total=max_total,
        own_process=True,
        ready=ready,
    )
    say(f"Stopped. Projects and jobs are in {data}")
