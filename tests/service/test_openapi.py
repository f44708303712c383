"""What is documented is what is answered."""

import httpx
import pytest

import analogon
from analogon.service import messages

from .served import layout, photo, serving


@pytest.fixture(scope="module")
def schema(url):
    return httpx.get(f"{url}/openapi.json").json()


def test_every_route_says_how_it_refuses(schema):
    routes = [(path, verb, one) for path, verbs in schema["paths"].items() for verb, one in verbs.items()]
    assert len(routes) == 18
    for path, verb, one in routes:
        assert one["summary"].endswith("."), path
        refusals = {status for status in one["responses"] if status[0] in "45"}
        assert {"400", "401", "422", "503"} <= refusals, path
        assert ("{" not in path) or "404" in refusals, path
        assert verb != "post" or "411" in refusals, path
        for status in refusals:
            content = one["responses"][status]["content"]["application/json"]["schema"]
            assert content == {"$ref": "#/components/schemas/ErrorMessage"}, (path, status)
        if path != "/health":
            assert one["security"], path


def test_answers_are_typed(schema):
    known = schema["components"]["schemas"]
    assert {"ProjectInfo", "JobInfo", "JobList", "ProjectList", "NewFit", "ErrorMessage"} <= set(known)
    assert set(known["JobInfo"]["properties"]) == set(messages.JobInfo.model_fields)
    assert "HTTPValidationError" not in known


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/jobs/", "/docs", "/v1/projects/../x"])
def test_what_is_not_there(url, path, sentence):
    answer = httpx.get(url + path)
    assert answer.status_code == 404 and answer.json()["error"].endswith(".")
    answer = httpx.put(f"{url}/v1/jobs")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_thousands_of_requests_by_the_schema(tmp_path, request, database):
    """Made up from the OpenAPI, right and wrong ones: none breaks the server, all are answered as documented."""
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
    address = request.getfixturevalue("postgres") if database == "postgresql" else None
    with serving(tmp_path / "data", database=address, renders=1, fits=0) as url, analogon.Client(url) as client:
        project = client.create_project(photo(), layout())
        job = client.wait(client.render(project, layout(9)), timeout=60)
        whole = schemathesis.openapi.from_url(f"{url}/openapi.json")
        for result in whole.get_all_operations():
            operation = result.ok()

            @given(
                case=operation.as_strategy()
                | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
            )
            @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            def ask(case):
                for name, known in (("project", project.id), ("job", job.id)):
                    if name in (case.path_parameters or {}) and case.method != "DELETE" and len(str(case.query)) % 2:
                        case.path_parameters[name] = known
                case.call_and_validate(base_url=url, checks=checks, timeout=60)

            ask()
        assert client.health().status == "ok"
