"""How answers are counted: what failed was not in time, and a percentile is one of the times."""

from __future__ import annotations

from benchmarks.questions import Phase
from benchmarks.questions_users import Answers


def phase(**answers: Answers) -> Phase:
    """A size at which so much was asked."""
    return Phase(
        lines=1_000,
        answers=answers,
        kinds=dict.fromkeys(answers, "model"),
        seconds=10.0,
        cpu={"warehouse": 4.0, "users": 1.0},
        others=0.0,
        events=100,
        lag={},
        memory=0,
    )


def test_a_failure_is_no_answer_in_time() -> None:
    """Two of four: one was late, and one failed."""
    found = phase(one=Answers([0.1, 0.5, 0.6], ["no memory"]))
    assert found.answers["one"].count == 4
    assert found.in_time == 0.5


def test_a_percentile_is_one_of_the_times() -> None:
    """And of nothing there is none."""
    answers = Answers([0.3, 0.1, 0.2])
    assert (answers.at(0.5), answers.at(0.95), Answers().at(0.5)) == (0.2, 0.3, None)


def test_nothing_asked_is_nothing_in_time() -> None:
    """A run without answers does not pass."""
    assert phase(one=Answers()).in_time == 0.0
