"""Mean squared error of numbers: scikit-learn's `mean_squared_error`, offered through `evaluate`."""

import datasets
import evaluate
from sklearn.metrics import mean_squared_error, root_mean_squared_error


class MeanSquaredError(evaluate.Metric):
    """predictions and references: numbers. `squared=False` gives the root."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("float64"), "references": datasets.Value("float64")})
        return evaluate.MetricInfo(description=__doc__, citation="", inputs_description=self.__doc__, features=features)

    def _compute(self, predictions, references, sample_weight=None, squared=True):
        error = mean_squared_error if squared else root_mean_squared_error
        return {"mse": float(error(references, predictions, sample_weight=sample_weight))}
