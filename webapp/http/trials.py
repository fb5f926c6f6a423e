"""How a trial sheet's verdict is said wherever it is shown: the word, and the kind of its badge."""

from ocr.trial.judge import Verdict
from webapp.http.locale import lazy

TRIAL_VERDICTS = {
    Verdict.GOOD: (lazy("Đạt"), "done"),
    Verdict.FAIR: (lazy("Dùng được"), "attention"),
    Verdict.BAD: (lazy("Chưa đạt"), "problem"),
}
