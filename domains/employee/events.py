"""Who sells, and what they are to sell."""

from __future__ import annotations

from typing import ClassVar

from mesh.kernel.event import Day, Event, Money, Personal, ValidFrom


class EmployeeDescribed(Event):
    """A version of an employee; a new department, title or territory is a new version."""

    domain: ClassVar[str] = "employee"

    employee_id: str
    """Identifier of the employee, namespaced by its source; the data subject of the personal fields."""
    valid_from: ValidFrom
    """From when this version holds, in whole seconds."""
    first_name: Personal
    """Given name."""
    last_name: Personal
    """Family name."""
    email: Personal | None = None
    """E-mail address."""
    phone: Personal | None = None
    """Telephone number."""
    birth_date: Personal | None = None
    """Date of birth as YYYY-MM-DD."""
    gender: str | None = None
    """Gender as recorded by the employer."""
    job_title: str | None = None
    """Title of the position."""
    department: str | None = None
    """Department."""
    territory_id: str | None = None
    """Location id of the sales territory."""
    location_id: str | None = None
    """Location id of the place of work."""
    manager_id: str | None = None
    """Employee id of the manager."""
    hired_on: Day | None = None
    """First day of employment."""
    left_on: Day | None = None
    """Last day of employment."""


class SalesTargetSet(Event):
    """What an employee is to sell in a period."""

    domain: ClassVar[str] = "employee"

    target_id: str
    """Identifier of the target, namespaced by its source."""
    employee_id: str
    """The employee who is to reach it."""
    period_from: Day
    """First day of the period."""
    period_to: Day
    """Last day of the period."""
    target_amount: Money
    """Net sales to reach, in the reporting currency."""
