"""What a participant's browser can ask for.

Nothing that is sent says which contender made a picture: pictures and cards have names drawn at random, and labels,
methods, cases and targets stay in ``study.json``. An answer is acknowledged when it is on the disk.
"""

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException as AnyHTTPException

from analogon.serving.visitors import stranger
from analogon.study.design import PICTURES, Card, Criterion, Name, Picture, Step, Study
from analogon.study.making import MOST_CARDS
from analogon.study.store import CODE_LENGTH, Given, Store

LARGEST_BODY = 8 * 1024
"""Bytes of a request; the largest answer has about 300."""

#: Files of the page and their types.
_PAGE = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "answers.js": "text/javascript; charset=utf-8",
    "ranking.js": "text/javascript; charset=utf-8",
    "viewer.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_FOREVER = "private, max-age=31536000, immutable"


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Welcome(_Message):
    """What the first screen shows."""

    study: str
    title: str
    introduction: str
    consent: str
    screens: int


class Consent(_Message):
    """What a participant agrees to before anything is stored.

    Browsers let no page of another site send JSON, so none makes participants up.
    """

    consent: Literal[True]


class Admission(_Message):
    """The code of a new participant."""

    code: str


class Shown(_Message):
    """A picture to be shown."""

    url: str
    width: int
    height: int


class ShownCard(Shown):
    """A picture to be ranked."""

    id: str


class NewAnswer(_Message):
    """A ranking, best first, and how it came about."""

    ranking: Annotated[list[Name], Field(min_length=2, max_length=MOST_CARDS)]
    seconds: Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
    moves: Annotated[int, Field(ge=0, le=1_000_000)]
    edit: Annotated[int, Field(ge=1, le=1_000_000)]


class Screen(_Message):
    """One question by one criterion, with its cards in the order A, B, C, ... and what was answered."""

    question: str
    criterion: Criterion
    source: Shown
    source_layout: Shown | None
    target_layout: Shown | None
    cards: list[ShownCard]
    answer: NewAnswer | None


class Progress(_Message):
    """All screens of a participant."""

    screens: list[Screen]


class Saved(_Message):
    """The answer is on the disk."""

    edit: int


def create_app(folder: Path, study: Study, store: Store, *, local: bool = False) -> FastAPI:
    """The application that serves a study.

    Args:
        local: only this machine reaches it; see :func:`analogon.serving.visitors.stranger`.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    pictures = study.pictures()
    page = resources.files("analogon.study") / "page"

    def participant(request: Request) -> int:
        scheme, _, code = request.headers.get("Authorization", "").partition(" ")
        number = store.participant(code) if scheme == "Bearer" and len(code) == CODE_LENGTH else None
        if number is None:
            raise HTTPException(401, "This code belongs to nobody in this study: check it, or begin anew.")
        return number

    @app.get("/")
    def index() -> Response:
        return page_file("index.html")

    @app.get("/page/{name}")
    def page_file(name: str) -> Response:
        if name not in _PAGE:
            raise HTTPException(404, "There is no such page.")
        return Response((page / name).read_bytes(), media_type=_PAGE[name], headers={"Cache-Control": "no-cache"})

    @app.get("/pictures/{name}")
    def picture(name: str) -> Response:
        if name not in pictures:
            raise HTTPException(404, "There is no such picture.")
        try:
            content = (folder / PICTURES / name).read_bytes()
        except OSError:
            raise HTTPException(503, "This picture cannot be read at the moment.") from None
        # nothing of the file but its pixels: a date would tell in which order pictures were made
        return Response(content, media_type="image/png", headers={"Cache-Control": _FOREVER})

    @app.get("/api/study")
    def welcome() -> Welcome:
        return Welcome(
            study=study.id,
            title=study.title,
            introduction=study.introduction,
            consent=study.consent,
            screens=len(study.criteria) * len(study.questions),
        )

    @app.post("/api/participants", status_code=201)
    def admit(_given: Consent) -> Admission:
        return Admission(code=store.admit())

    @app.get("/api/progress")
    def progress(number: Annotated[int, Depends(participant)]) -> Progress:
        given = {
            (answer.question, answer.criterion): NewAnswer(
                ranking=answer.ids(), seconds=answer.seconds, moves=answer.moves, edit=answer.edit
            )
            for answer in store.answers(number)
        }
        return Progress(
            screens=[
                _screen(study, step, study.cards(number, step), given.get((step.question, step.criterion)))
                for step in study.steps(number)
            ]
        )

    @app.put("/api/answers/{question}/{criterion}")
    def answer(
        question: str, criterion: Criterion, new: NewAnswer, number: Annotated[int, Depends(participant)]
    ) -> Saved:
        step = Step(question=question, criterion=criterion)
        if step not in study.steps(number):
            raise HTTPException(404, "This study has no such question.")
        shown = [card.id for card in study.cards(number, step)]
        if sorted(new.ranking) != sorted(shown):
            raise HTTPException(422, f"A ranking names each of the {len(shown)} pictures once.")
        if not store.save(number, step, shown, Given(new.ranking, new.seconds, new.moves, new.edit)):
            raise HTTPException(409, "There is another answer to this question, given later or on another device.")
        return Saved(edit=new.edit)

    @app.middleware("http")
    async def limit(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        length = request.headers.get("content-length", "0")
        response: Response
        if (refused := stranger(request.scope, request.headers, local=local)) is not None:
            response = _error(*refused)
        elif "transfer-encoding" in request.headers:
            response = _error(411, "A request needs its length.")
        elif not length.isdecimal() or int(length) > LARGEST_BODY:
            response = _error(413, f"A request has {LARGEST_BODY} bytes at most.")
        else:
            response = await proceed(request)
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.exception_handler(AnyHTTPException)
    async def refuse(_request: Request, error: AnyHTTPException) -> Response:
        return _error(error.status_code, error.detail)

    @app.exception_handler(RequestValidationError)
    async def misread(_request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return _error(422, f"The request cannot be read at {place or 'its beginning'}: {first['msg']}.")

    @app.exception_handler(DatabaseError)
    async def unable(_request: Request, _error_of_file: DatabaseError) -> Response:
        return _error(503, "Answers cannot be stored at the moment.")

    return app


def _screen(study: Study, step: Step, cards: tuple[Card, ...], given: NewAnswer | None) -> Screen:
    question = study.question(step.question)
    layouts = study.show_layout or step.criterion == "layout"
    return Screen(
        question=step.question,
        criterion=step.criterion,
        source=_shown(question.source),
        source_layout=_shown(question.source_layout) if layouts and question.source_layout else None,
        target_layout=_shown(question.target_layout) if layouts and question.target_layout else None,
        cards=[ShownCard(id=card.id, **_shown(card.picture).model_dump()) for card in cards],
        answer=given,
    )


def _shown(picture: Picture) -> Shown:
    return Shown(url=f"pictures/{picture.file}", width=picture.width, height=picture.height)


def _error(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
