"""What a campaign changed: two arms compared, and the checks without which nobody should look.

Every figure is an estimate by intention to treat: people count in the arm that they were assigned
to, whatever reached them.
"""

from ml.experiments.amounts import AmountComparison, compare_amounts
from ml.experiments.checks import Imbalance, SampleRatio, imbalance, sample_ratio
from ml.experiments.design import minimal_detectable_effect, people_needed
from ml.experiments.proportions import Comparison, compare

__all__ = [
    "AmountComparison",
    "Comparison",
    "Imbalance",
    "SampleRatio",
    "compare",
    "compare_amounts",
    "imbalance",
    "minimal_detectable_effect",
    "people_needed",
    "sample_ratio",
]
