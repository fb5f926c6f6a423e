"""What the index refuses. Each class has a stable `code`; `message` is a gettext id (Vietnamese)."""


def _(message: str) -> str:
    """Mark a message for translation; this room translates nothing itself."""
    return message


class AppraisalError(Exception):
    """Base of every refusal of the index; `values` fill the placeholders of `message` (`%(name)s`)."""

    code = "appraisal_error"

    def __init__(self, message: str, **values: object) -> None:
        """Keep the message id and what fills its placeholders."""
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values


class SchemeInvalid(AppraisalError):
    """The year's scheme contradicts itself; `problems` names every place."""

    code = "scheme_invalid"

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep all problems, each a Vietnamese sentence."""
        super().__init__(_("Bộ chỉ số chưa đúng: %(problems)s"), problems=" · ".join(problems))
        self.problems = problems


class FactsInvalid(AppraisalError):
    """A declared fact is missing or impossible; `field` is the code of the fact.

    `readings` are what it may mean, where that can be chosen: (as shown, as to be typed).
    """

    code = "facts_invalid"

    def __init__(
        self, message: str, field: str, readings: tuple[tuple[str, str], ...] = (), **values: object
    ) -> None:
        """Keep which fact it is about."""
        super().__init__(message, **values)
        self.field = field
        self.readings = readings


class ScoreOutOfRange(AppraisalError):
    """Points below 0, above the maximum, or with a third decimal."""

    code = "score_out_of_range"


class EvidenceRequired(AppraisalError):
    """A score with neither evidence nor explanation."""

    code = "evidence_required"


class ReasonRequired(AppraisalError):
    """An appraised score that differs from the self-score, or a "not applicable", without its reason."""

    code = "reason_required"


class NotApplicableRefused(AppraisalError):
    """The component may not be set aside for this unit."""

    code = "not_applicable_refused"


class SurveyNotSelfScored(AppraisalError):
    """A component that the survey measures is neither self-scored nor appraised."""

    code = "survey_not_self_scored"


class TransitionNotAllowed(AppraisalError):
    """A self-score cannot go from this state to that one, or not by this party."""

    code = "transition_not_allowed"


class AnswerUnknown(AppraisalError):
    """An answer with an option that its question does not have: forms and scheme do not fit together."""

    code = "answer_unknown"


class SurveyIncomplete(AppraisalError):
    """An index is wanted while scores are missing; `missing` counts them."""

    code = "survey_incomplete"


class SnapshotInvalid(AppraisalError):
    """A snapshot file that is not one, or whose inputs do not match their hash."""

    code = "snapshot_invalid"
