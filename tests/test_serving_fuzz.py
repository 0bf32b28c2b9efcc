"""Strange requests made from the app's own OpenAPI description, by schemathesis: none is answered with a 5xx, none off the description."""

import time
from typing import Annotated

import httpx
import pytest
import schemathesis
from fastapi import Body, FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from serving_stub import StubClassifier, StubEncoder, StubWriter

from course_utils.serving import Settings, beside, create_app

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance, negative_data_rejection]


OPTIONS = settings(  # the same requests each time
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
app = create_app(Settings(room=1000), StubClassifier, StubWriter, StubWriter, StubEncoder)
described = schemathesis.openapi.from_dict(app.openapi())


@pytest.fixture(scope="module")
def url():
    """Yields the address of the running app."""
    with beside(app) as url:
        while httpx.get(f"{url}/health/ready").status_code != 200:
            time.sleep(0.005)
        yield url


@described.parametrize()
@OPTIONS
def test_no_request_breaks_the_server_or_its_description(case, url):
    case.call_and_validate(base_url=url, checks=CHECKS)


def test_the_fuzzer_finds_the_fault_of_a_careless_app():
    """The check of the check: an app that fails at an empty text."""
    careless = FastAPI()

    @careless.post("/first")
    def first(text: Annotated[str, Body(embed=True)]) -> str:
        return text[0]

    with beside(careless) as url:
        operation = schemathesis.openapi.from_url(f"{url}/openapi.json")["/first"]["POST"]

        @OPTIONS
        @given(case=operation.as_strategy())
        def fuzz(case):
            case.call_and_validate(checks=[not_a_server_error])

        with pytest.raises((AssertionError, schemathesis.errors.SchemathesisError, BaseExceptionGroup)):
            fuzz()
