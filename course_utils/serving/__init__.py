"""The hardened app behind the deployment chapter: a classifier, a writer and more behind HTTP, for strangers who send anything.

`Settings` holds every limit, `create_app` builds the app, `serve` runs it in this process until it is told to stop, and `running`
runs it, or another server, in a process of its own for as long as a `with` block lasts, as `beside` does in a thread of this one;
`load` sends many requests at once to any of them. The parts, each a module:

    settings    every limit and its default; refuses a public address without a key
    schemas     what a request and an answer look like
    models      safetensors to answers, many at a time; knows nothing of HTTP
    engines     the models, and a line before each; knows no route
    batching    single requests to batches, with an end to patience and to room; knows nothing of models
    gate        who comes in: keys, rate, a body that never ends, a server that is closing; knows nothing of models
    telemetry   metrics, log lines and the number of each request
    protocol    the routes that the clients of the Hub ask: chat completions and two tasks
    app         puts them together
    load        many clients at once, by locust
    server      starts and stops: signals, ports, processes

Importing this package loads neither FastAPI nor a model library.
"""

from importlib import import_module
from typing import Any

from course_utils.errors import CourseError
from course_utils.serving.settings import Settings

__all__ = ["Settings", "beside", "create_app", "running", "serve"]
_HOMES = {"beside": "server", "create_app": "app", "running": "server", "serve": "server"}


def __getattr__(name: str) -> Any:
    """Returns a function of a module that is loaded only now."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        wanted = "`make setup`, or pip install 'hugging-face-in-miniature[serve]'"
        raise CourseError(f"Found no package {error.name!r}; the server expects it. {wanted} brings it.") from None
