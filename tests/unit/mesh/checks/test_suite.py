"""The suite runs every check, and each check refuses a sample that it must refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mesh.checks import suite
from mesh.checks.check import Check, Scope, run
from mesh.checks.derived import waiting_in
from mesh.checks.imports import import_faults
from mesh.checks.naming import application_faults
from mesh.checks.overlays import overlay_faults
from mesh.kernel.discovery import assemble
from mesh.kernel.errors import ContractError
from mesh.kernel.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.mesh.conftest import Folder

OF_THE_TREE = ("imports", "overlays")
"""Checks of the whole tree, whatever domains are in the scope."""


@pytest.fixture
def sound(toys: Folder) -> Folder:
    """The small domain with everything derived written."""
    found = list(waiting_in([toys.read()]))
    assert [item.path.name for item in found] == ["v1.avsc", "README.md", "runbook.md"]
    for item in found:
        item.write()
    return toys


def refused(name: str, toys: Folder) -> list[tuple[str, str]]:
    """Code and file of every fault that one check finds in the small domain."""
    (check,) = (check for check in suite.CHECKS if check.name == name)
    domain = toys.read()
    result = run(check, Scope((domain,), assemble([domain])))
    return [
        (fault.code, fault.place.removeprefix(f"{toys.path}/").partition(":")[0]) for fault in result.faults
    ]


@pytest.mark.parametrize("name", [check.name for check in suite.CHECKS if check.name not in OF_THE_TREE])
def test_a_sound_domain_passes(sound: Folder, name: str) -> None:
    """Every check holds where nothing is wrong."""
    assert refused(name, sound) == []


def test_a_strange_a_missing_and_an_empty_file_are_refused(sound: Folder) -> None:
    """The list of a domain's files is closed."""
    (sound.path / "helpers.py").write_text("x = 1\n")
    (sound.path / "README.md").unlink()
    (sound.path / "runbook.md").write_text("")
    assert refused("folders", sound) == [
        ("file-unknown", "helpers.py"),
        ("file-empty", "runbook.md"),
        ("file-missing", "README.md"),
    ]


def test_semantics_of_columns_that_are_not_there_are_refused(sound: Folder) -> None:
    """And those that hold are not."""
    text = "entities:\n  - {name: toy, description: A toy, from: toys, key: [toy_id], certified: true}\n"
    (sound.path / "semantics.yaml").write_text(text)
    assert refused("semantics", sound) == []
    sound.change("semantics.yaml", "[toy_id]", "[toy]")
    assert refused("semantics", sound) == [("reference-unknown", "semantics.yaml")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: active", "statut: active"),
        ("apiVersion: v3.1.0", "apiVersion: v3.0.0"),
        ("logicalType: integer\n", "logicalType: integer\n        masked: true\n"),
        ("dimension: accuracy", "dimension: accuracy, mood: good"),
        ("kind: DataContract", "kind: Contract"),
    ],
)
def test_what_the_standard_does_not_know_is_refused(sound: Folder, old: str, new: str) -> None:
    """Even where our own reader does not look."""
    sound.change("contract.yaml", old, new)
    assert {code for code, _ in refused("standard", sound)} <= {"standard-broken", "standard-version"}
    assert refused("standard", sound)


def test_a_break_of_the_standard_names_its_line(sound: Folder) -> None:
    """Not the line of the whole document."""
    sound.change("contract.yaml", "logicalType: integer\n", "logicalType: integer\n        masked: true\n")
    (check,) = (check for check in suite.CHECKS if check.name == "standard")
    domain = sound.read()
    (fault, *_) = run(check, Scope((domain,), None)).faults
    line = int(fault.place.rpartition(":")[2])
    assert abs(line - sound.line("contract.yaml", "masked")) <= 2


def test_ports_teams_and_events_that_do_not_agree_are_refused(sound: Folder) -> None:
    """One sample for each disagreement."""
    sound.change("product.yaml", "{name: toy,", "{name: toi,")
    assert refused("products", sound) == [("port-unknown", "product.yaml"), ("port-orphan", "contract.yaml")]
    sound.change("product.yaml", "{name: toi, version: 1.0.0", "{name: toy, version: 2.0.0")
    assert refused("products", sound) == [("contract-version", "product.yaml")]
    sound.change("product.yaml", "version: 2.0.0", "version: 1.0.0")
    sound.change("product.yaml", "name: Toy team", "name: Game team")
    assert refused("products", sound) == [("team-unknown", "contract.yaml")]


def test_an_input_that_nobody_offers_is_refused(sound: Folder) -> None:
    """And so is one of another version."""
    sound.add(
        "product.yaml",
        "inputPorts:\n"
        "  - {name: toy, version: 1.0.0, contractId: toys}\n"
        "  - {name: toy, version: 3.0.0, contractId: toys}\n"
        "  - {name: doll, version: 1.0.0, contractId: dolls}\n",
    )
    assert refused("products", sound) == [
        ("contract-version", "product.yaml"),
        ("port-unknown", "product.yaml"),
    ]


def test_an_event_without_a_port_is_refused(sound: Folder) -> None:
    """A part of another record needs none."""
    sound.add(
        "events.py",
        '\n\nclass ToyBroken(Event):\n    """It broke."""\n\n    domain: ClassVar[str] = "toys"\n',
    )
    sound.forget_events()
    assert refused("products", sound) == [("event-orphan", "events.py")]


def test_an_event_with_two_ports_is_refused(sound: Folder) -> None:
    """One fact has one topic."""
    text = (sound.path / "contract.yaml").read_text()
    twin = text[text.index("  - name: toy\n") :].replace("- name: toy\n", "- name: twin\n")
    twin = twin.replace("toys.public.toy.v1", "toys.private.twin.v1").replace(
        "table, value: toys}", "table, value: t}"
    )
    (sound.path / "contract.yaml").write_text(text + twin)
    assert refused("products", sound) == [("event-repeated", "events.py")]


def test_dead_letters_that_two_topics_share_are_refused(sound: Folder) -> None:
    """A raw and a public port of one name would park in one topic."""
    text = (sound.path / "contract.yaml").read_text()
    twin = (
        text[text.index("  - name: toy\n") :]
        .replace("toys.public", "toys.raw")
        .replace("value: toys}", "value: t}")
    )
    (sound.path / "contract.yaml").write_text(text + twin)
    assert refused("names", sound) == [("dead-letters-shared", "contract.yaml")]


def test_an_application_outside_the_grammar_is_refused() -> None:
    """Changelogs and consumer groups inherit the name."""
    faults = list(application_faults(("mesh.good-name", "mesh.Bad", "bad")))
    assert [(fault.code, fault.place) for fault in faults] == [
        ("application-name", "mesh.Bad"),
        ("application-name", "bad"),
    ]


def test_an_event_that_changed_since_it_was_published_is_refused(sound: Folder) -> None:
    """Until it is published again."""
    sound.change("events.py", '"""Its colour."""', '"""Its colour, in English."""')
    sound.forget_events()
    assert [code for code, _ in refused("schemas", sound)] == ["schema-unpublished"]


def test_an_overlay_that_invents_a_field_is_refused(sound: Folder, tmp_path: Path) -> None:
    """With file and line."""
    path = tmp_path / "overlay.yaml"
    path.write_text("retailer: shop\nports:\n  toys.public.toy.v1:\n    required: [color]\n")
    faults = list(overlay_faults(assemble([sound.read()]), path, "overlay.yaml"))
    assert [(fault.code, fault.place) for fault in faults] == [("field-unknown", "overlay.yaml:4")]


def test_a_table_of_ports_that_is_not_the_contracts_is_refused(sound: Folder) -> None:
    """And so is a README without a place for it."""
    sound.change("README.md", "| ToyMade |", "| ToyMended |")
    assert refused("readmes", sound) == [("readme-stale", "README.md")]
    sound.change("README.md", "<!-- /derived -->", "")
    assert refused("readmes", sound) == [("readme-marks", "README.md")]


def test_a_forbidden_import_is_refused(tmp_path: Path) -> None:
    """With the importing module and its line."""
    (tmp_path / "upper").mkdir()
    (tmp_path / "lower").mkdir()
    (tmp_path / "upper" / "__init__.py").touch()
    (tmp_path / "lower" / "__init__.py").write_text("\nimport upper\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["upper", "lower"]\n'
        '[[tool.importlinter.contracts]]\nname = "one way"\ntype = "layers"\nlayers = ["upper", "lower"]\n'
    )
    assert [(fault.code, fault.place, fault.what) for fault in import_faults(tmp_path)] == [
        ("import-forbidden", "lower:2", "imports upper")
    ]
    (tmp_path / "lower" / "__init__.py").write_text("")
    assert list(import_faults(tmp_path)) == []
    (tmp_path / "pyproject.toml").write_text("[tool.importlinter]\nroot_packages = []\n")
    assert [fault.code for fault in import_faults(tmp_path)] == ["import-check"]


def test_a_domain_that_cannot_be_read_takes_nothing_from_the_others(toys: Folder) -> None:
    """Its fault is shown, and every check still runs."""
    toys.change("contract.yaml", "name: wheels", "name: wheel")
    results = suite.run_all(Settings(domains=str(toys.path.parent)))
    assert [result.check.name for result in results] == ["domains", *(check.name for check in suite.CHECKS)]
    assert [fault.code for fault in results[0].faults] == ["field-unknown"]
    assert results[1].ok


def test_an_error_that_leaves_a_check_is_a_fault() -> None:
    """And no traceback."""

    def broken(scope: Scope) -> list[ContractError]:
        raise ContractError("sample", "is broken")

    result = run(Check("sample", "nothing", broken), Scope((), None))
    assert [fault.code for fault in result.faults] == ["sample"]
    assert not result.ok
