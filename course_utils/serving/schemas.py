"""What goes in and what comes out, as pydantic models: FastAPI checks requests and writes the OpenAPI description with them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

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


class Score(BaseModel):
    """One label and its probability."""

    label: str
    score: float


class Said(BaseModel):
    """What the model says in a chat."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one answer of a chat, and why it ended."""

    index: int = 0
    message: Said
    finish_reason: Literal["stop", "length"]


class Usage(BaseModel):
    """What a chat took, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """A whole answer in a chat, in the form that OpenAI gave it and that others have taken over."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    system_fingerprint: str = ""
    choices: list[Choice]
    usage: Usage


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


def _text_or_list(inputs: Any) -> str:
    return "list" if isinstance(inputs, list) else "text"


def tasks(settings: Settings) -> tuple[Any, Any, Any]:
    """Returns the models of the requests of the Hub's protocol: a chat, a text to classify, a text to embed."""
    Words = Annotated[str, Field(min_length=1, max_length=settings.max_characters, pattern=r"\S")]
    Many = Annotated[list[Words], Field(min_length=1, max_length=settings.batch)]
    # Told apart by hand, so that what is wrong is said once, of the kind that was sent.
    Inputs = Annotated[Annotated[Words, Tag("text")] | Annotated[Many, Tag("list")], Discriminator(_text_or_list)]

    class Message(_Strict):
        role: Literal["system", "user", "assistant"]
        content: Words

    class StreamOptions(_Strict):
        include_usage: bool = False

    class Chat(_Strict):
        messages: Annotated[list[Message], Field(min_length=1, max_length=100)]
        model: Annotated[str, Field(max_length=300, description="Read by nobody: there is one.")] = ""
        max_tokens: Annotated[int, Field(ge=1, le=settings.max_new_tokens)] = min(40, settings.max_new_tokens)
        temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
        seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
        stream: bool = False
        stream_options: StreamOptions | None = None

    class Parameters(_Strict):
        top_k: Annotated[int, Field(ge=1, le=1000)] | None = None

    class ClassifyTask(_Strict):
        inputs: Inputs
        parameters: Parameters = Parameters()

    class EmbedTask(_Strict):
        inputs: Inputs
        normalize: Annotated[bool, Field(description="Gives each vector the length 1.")] = True

    return Chat, ClassifyTask, EmbedTask
