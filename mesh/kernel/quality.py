"""The rules that a contract can lay on a record, and their evaluation on one event.

The kinds of rule are a closed list of frozen values, so that a vectorised evaluation over whole extracts can
be written over the same objects and proven to give the same verdicts. Exact meaning, for every kind:

* a rule names a ``field`` by its dotted path; where a list is on the way, it holds for each element; where a
  record on the way is null, or a list is empty, there is nothing to judge and the rule holds;
* a field that is absent is null; **only** :class:`NotNull` fails on null, every other kind holds;
* a rule fails at most once a record, however many elements of a list break it;
* ``error`` refuses the record, ``warning`` counts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mesh.kernel.contract import Port

SEVERITIES = ("error", "warning")
_MOST_REPEATS = 1000
"""What RE2 allows."""
_EXACT = Context(prec=120)
"""Wide enough that sums and products of three 18-digit amounts are never rounded."""


@dataclass(frozen=True, slots=True)
class NotNull:
    """The field is present and not null."""

    field: str
    severity: str = "error"
    dimension: str = "completeness"
    code = "value-missing"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"{self.field} is given"

    @property
    def remedy(self) -> str:
        """What to do about a violation."""
        return f"give {self.field}"


@dataclass(frozen=True, slots=True)
class Values:
    """The text is one of ``values``, byte for byte."""

    field: str
    values: tuple[str, ...]
    severity: str = "error"
    dimension: str = "conformity"
    code = "value-unknown"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"{self.field} is one of {', '.join(self.values)}"

    @property
    def remedy(self) -> str:
        """What to do about a violation."""
        return "use one of these, or add the value to the contract's or the retailer's value set"


@dataclass(frozen=True, slots=True)
class Regex:
    """The whole text matches ``pattern`` (full match).

    Only what Python, RE2 and Rust understand alike is accepted: no look-around, no back-reference and no
    letter classes such as ``\\d``, which differ in their view of Unicode.
    """

    field: str
    pattern: str
    severity: str = "error"
    dimension: str = "conformity"
    code = "value-format"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        return f"{self.field} matches {self.pattern}"

    @property
    def remedy(self) -> str:
        """What to do about a violation."""
        return "write it in this form"


@dataclass(frozen=True, slots=True)
class Range:
    """``minimum`` <= number <= ``maximum``, compared exactly; None leaves a side open."""

    field: str
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    severity: str = "error"
    dimension: str = "accuracy"
    code = "value-range"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        sides = []
        if self.minimum is not None:
            sides.append(f"at least {self.minimum}")
        if self.maximum is not None:
            sides.append(f"at most {self.maximum}")
        return f"{self.field} is {' and '.join(sides)}"

    @property
    def remedy(self) -> str:
        """What to do about a violation."""
        return "send a value within these bounds"


class Term(NamedTuple):
    """``sign`` times the product of ``factors``: names of fields, or exact numbers."""

    sign: int
    factors: tuple[str | Decimal, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """abs(field - sum of ``terms``) <= ``tolerance``, in exact decimals; holds when any field in it is null.

    Names in ``terms`` are fields of the record in which ``field`` stands: beside ``lines.net_amount``,
    ``gross_amount`` is the same line's.
    """

    field: str
    terms: tuple[Term, ...]
    expression: str
    tolerance: Decimal = Decimal(0)
    severity: str = "error"
    dimension: str = "consistency"
    code = "value-equation"

    @property
    def text(self) -> str:
        """The rule as a sentence."""
        within = f" within {self.tolerance}" if self.tolerance else ""
        return f"{self.field} = {self.expression}{within}"

    @property
    def remedy(self) -> str:
        """What to do about a violation."""
        return "send amounts that add up"

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that the expression reads."""
        return tuple(factor for term in self.terms for factor in term.factors if isinstance(factor, str))


Rule = NotNull | Values | Regex | Range | Equation


class Violation(NamedTuple):
    """A rule that a record breaks. It never holds a value of the record, so it may be logged and parked."""

    code: str
    field: str
    rule: str
    remedy: str
    severity: str


Check = Callable[[Mapping[str, Any]], list[Violation]]


def compile_rules(port: Port) -> Check:
    """The judge of one port's records: a mapping of field names to Python values in, its violations out.

    Values are those of the event's fields (``Event.model_dump()``); violations come in the contract's order.
    """
    tests = [(_test(rule), _steps(rule.field), _violation(rule)) for rule in port.rules]

    def check(record: Mapping[str, Any]) -> list[Violation]:
        found = []
        for test, (path, name), violation in tests:
            for holder in _holders(record, path):
                if not test(holder, name):
                    found.append(violation)
                    break
        return found

    return check


def breaker(rule: Rule) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a record breaks one rule, compiled once for many records."""
    path, name = _steps(rule.field)
    test = _test(rule)
    return lambda record: any(not test(holder, name) for holder in _holders(record, path))


def breaks(rule: Rule, record: Mapping[str, Any]) -> bool:
    """Whether a record breaks one rule."""
    return breaker(rule)(record)


def parse_expression(text: str) -> tuple[Term, ...]:
    """Take apart ``a * b - c + 1.5``, a sum of products of names and numbers; raise :class:`ValueError`."""
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|\S", text)
    terms: list[Term] = []
    sign, factors, operand_next = 1, list[str | Decimal](), True
    for word in words:
        if operand_next and (word[0].isalnum() or word[0] == "_"):
            factors.append(Decimal(word) if word[0].isdigit() else word)
        elif not operand_next and word in "+-":
            terms.append(Term(sign, tuple(factors)))
            sign, factors = (1 if word == "+" else -1), []
        elif operand_next or word != "*":
            raise ValueError(f"cannot read {word!r}")
        operand_next = not operand_next
    if operand_next:
        raise ValueError("ends too early")
    terms.append(Term(sign, tuple(factors)))
    return tuple(terms)


def portable_pattern(pattern: str) -> None:
    """Raise :class:`ValueError` unless every regular-expression engine in use reads the pattern alike."""
    if re.search(r"\(\?(?!:)", pattern) or re.search(r"\\[A-Za-z0-9]", pattern):
        raise ValueError("look-around, flags, back-references and letter classes are not portable")
    plain = re.sub(r"\\.", "x", pattern, flags=re.DOTALL)
    if re.search(r"\[[^]]*\[:", plain):
        raise ValueError("named classes such as [[:alpha:]] are not portable")
    if any(int(count) > _MOST_REPEATS for count in re.findall(r"[{,]([0-9]+)", plain)):
        raise ValueError(f"more than {_MOST_REPEATS} repetitions are not portable")
    if re.search(r"[*+?}]\+|\{,", re.sub(r"\[\^?\]?[^]]*\]", "x", plain)):
        raise ValueError("possessive repetition and {,n} are not portable")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(str(error)) from None


def _steps(field: str) -> tuple[tuple[str, ...], str]:
    *path, name = field.split(".")
    return tuple(path), name


def _violation(rule: Rule) -> Violation:
    return Violation(rule.code, rule.field, rule.text, rule.remedy, rule.severity)


def _holders(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    if not path:
        yield record
        return
    child = record.get(path[0])
    for element in child if isinstance(child, list | tuple) else [] if child is None else [child]:
        yield from _holders(element, path[1:])


def _test(rule: Rule) -> Callable[[Mapping[str, Any], str], bool]:
    if isinstance(rule, NotNull):
        return lambda holder, name: holder.get(name) is not None
    if isinstance(rule, Values):
        allowed = frozenset(rule.values)
        return lambda holder, name: holder.get(name) is None or holder[name] in allowed
    if isinstance(rule, Regex):
        match = re.compile(rule.pattern).fullmatch
        return lambda holder, name: holder.get(name) is None or match(holder[name]) is not None
    if isinstance(rule, Range):
        return _within(rule)
    return _equals(rule)


def _within(rule: Range) -> Callable[[Mapping[str, Any], str], bool]:
    minimum, maximum = rule.minimum, rule.maximum

    def test(holder: Mapping[str, Any], name: str) -> bool:
        value = holder.get(name)
        if value is None:
            return True
        return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)

    return test


def _equals(rule: Equation) -> Callable[[Mapping[str, Any], str], bool]:
    terms, tolerance, names = rule.terms, rule.tolerance, rule.names

    def test(holder: Mapping[str, Any], name: str) -> bool:
        if holder.get(name) is None or any(holder.get(other) is None for other in names):
            return True
        difference = Decimal(holder[name])
        for sign, factors in terms:
            product = Decimal(-sign)
            for factor in factors:
                value = holder[factor] if isinstance(factor, str) else factor
                product = _EXACT.multiply(product, Decimal(value))
            difference = _EXACT.add(difference, product)
        return difference.copy_abs() <= tolerance

    return test
