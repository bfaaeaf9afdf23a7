"""The demonstration's items: the sheet reads without a problem, and the sharing table covers what they need."""

from datetime import date

from connectors.tabular import open_table
from hub.sharing.items.reading import read_items
from hub.sharing.items.sheet import read_sheet
from schemas.catalogue import load_catalogue
from schemas.items import compare_items
from scripts.demonstration import SHARED
from scripts.example_items import items_sheet


def test_sheet_of_the_example_reads_and_its_basis_covers_every_material() -> None:
    given = read_sheet(items_sheet(date(2026, 11, 23)), open_table=open_table)
    read = read_items(given, catalogue=load_catalogue())
    assert [each.item.code for each in read] == ["1.4", "1.10", "1.14"]
    assert compare_items(read, []).problems == []
    covered = {item: set(fields) for _, item, _, _, fields in SHARED}
    assert all(set(each.item.asked_fields()) <= covered[each.item.code] for each in read)
