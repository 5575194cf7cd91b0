"""``mesh churn``: who is about to be lost, and how far that can be trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mesh.cli._learned import known, tell_kept
from mesh.cli._screen import screen
from mesh.kernel.clock import now

if TYPE_CHECKING:
    from analytics.churn.offers import Group, Offers
    from analytics.churn.parameters import Parameters
    from analytics.churn.predicting import Prediction


def command(
    as_of: Annotated[
        str,
        typer.Option(help="The last day of which anything is known; that of the newest order by default."),
    ] = "",
    share: Annotated[
        int, typer.Option(min=1, max=100, help="Percent of the customers whom marketing can contact.")
    ] = 10,
    limit: Annotated[int, typer.Option(min=0, help="Customers to show; --json has all to contact.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Predict which active customers place no order in 90 days, tested beside the 90-day rule."""
    from analytics.churn import history
    from analytics.churn.facts import read_facts
    from analytics.churn.parameters import Parameters
    from analytics.churn.predicting import predict
    from analytics.marts.day import parse_day

    day = parse_day(as_of) if as_of else None
    parameters = Parameters(share=share)
    with known() as (client, library, today, timezone):
        said = predict(read_facts(client, library, today, timezone), day, parameters)
        is_new = history.keep(client, said, parameters, now())
    if as_json:
        typer.echo(json.dumps(document(said, parameters, is_new=is_new), default=str))
    else:
        _show(said, parameters, limit)
        tell_kept(said.digest, "learned.churn_risks", is_new=is_new)


def document(said: Prediction, parameters: Parameters, *, is_new: bool) -> dict[str, Any]:
    """A prediction for programs."""
    from analytics.churn.history import tests

    return {
        "as_of": said.as_of,
        "digest": said.digest,
        "is_new": is_new,
        "share": parameters.share,
        "trained": said.trained,
        "customers": len(said.risks),
        "weights": said.weights,
        "tests": tests(said, parameters),
        "offers": {
            "campaigns": said.offers.campaigns,
            "offered": vars(said.offers.offered),
            "others": vars(said.offers.others),
            "difference": said.offers.difference,
        },
        "to_contact": [vars(risk) for risk in said.risks[: said.to_contact]],
    }


def _show(said: Prediction, parameters: Parameters, limit: int) -> None:
    console = screen()
    table = Table(title=f"Tested on earlier days, contacting {parameters.share} % of the active customers")
    table.add_column("as of")
    headings = (
        "active",
        "lost",
        "base rate",
        "model finds",
        "rule finds",
        "recall",
        "of rule",
        "AUC",
        "of rule",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    table.add_column("model is")
    for one in said.tests:
        aucs = [f"{auc:.3f}" if auc is not None else "–" for auc in (one.model.auc, one.rule.auc)]
        table.add_row(
            str(one.seen.day),
            f"{len(one.labels):,}",
            f"{int(one.labels.sum()):,}",
            f"{one.base_rate:.1%}",
            f"{one.model.precision:.1%}",
            f"{one.rule.precision:.1%}",
            f"{one.model.recall:.1%}",
            f"{one.rule.recall:.1%}",
            *aucs,
            one.verdict,
        )
    console.print(table)
    _show_offers(said.offers, parameters)
    if limit:
        risks = Table(
            title=f"At risk as of {said.as_of}: {said.to_contact:,} of {len(said.risks):,} to contact"
        )
        for heading in ("rank", "customer", "probability", "days since", "rank by rule"):
            risks.add_column(heading, justify="left" if heading == "customer" else "right")
        for risk in said.risks[: min(limit, said.to_contact)]:
            risks.add_row(
                f"{risk.rank:,}",
                risk.customer_id,
                f"{risk.probability:.1%}",
                f"{risk.days_since:,}",
                f"{risk.rank_by_rule:,}",
            )
        console.print(risks)


def _show_offers(offers: Offers, parameters: Parameters) -> None:
    console = screen()
    if not offers.campaigns:
        console.print("offers: no campaign is known after those days, so nobody was given one")
        return
    table = Table(title=f"Those at risk then, within {parameters.offer} days of {offers.campaigns} campaigns")
    table.add_column("")
    for heading in ("customers", "ordered", "share", "with a promotion"):
        table.add_column(heading, justify="right")
    for name, group in (("given an offer", offers.offered), ("not, though they agreed", offers.others)):
        table.add_row(name, *_cells(group))
    console.print(table)
    if offers.difference:
        change, margin = offers.difference
        console.print(
            f"{100 * change:+.1f} percentage points ± {100 * margin:.1f}: an association, and an effect of "
            "the offer only if who was contacted was drawn by lot"
        )


def _cells(group: Group) -> tuple[str, ...]:
    rate = f"{group.rate:.1%}" if group.rate is not None else "–"
    return f"{group.customers:,}", f"{group.back:,}", rate, f"{group.promoted:,}"
