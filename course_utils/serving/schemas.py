"""What goes in and what comes out, as pydantic models: FastAPI checks requests and writes the OpenAPI description with them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from course_utils.serving.settings import Settings


class _Strict(BaseModel):
    """A request: no conversion of types, no unknown field, no NaN."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Classified(BaseModel):
    """The likeliest label, its probability, and the probability of each label."""

    label: str
    score: float
    scores: dict[str, float]


class Written(BaseModel):
    """The continuation without its prompt, how many tokens it took, and why it ended: the model's own end, or the limit."""

    text: str
    tokens: int
    finish: Literal["stop", "length"]


class Detail(BaseModel):
    """One thing that is wrong with a request."""

    where: str
    found: str
    expected: str


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    error: str
    details: list[Detail] = []
    request_id: str = ""


class Health(BaseModel):
    """The state of the server in one word, for probes."""

    status: str


def requests(settings: Settings) -> tuple[Any, Any]:
    """Returns the models of the two requests, to classify and to generate, with the limits of these settings."""
    Words = Annotated[str, Field(min_length=1, max_length=settings.max_characters, pattern=r"\S", description="Not only spaces.")]

    class Classify(_Strict):
        text: Words

    class Generate(_Strict):
        prompt: Words
        max_new_tokens: Annotated[int, Field(ge=1, le=settings.max_new_tokens)] = min(40, settings.max_new_tokens)
        temperature: Annotated[float, Field(ge=0, le=5, description="0 takes the likeliest token each time.")] = 0.0
        seed: Annotated[int, Field(ge=0, lt=2**63, description="The same seed, the same text; without effect at 0.")] = 0

    return Classify, Generate
