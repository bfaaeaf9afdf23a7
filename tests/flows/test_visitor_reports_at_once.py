"""One form sent by an impatient finger, many times at once: one report, one task, one act."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.test_visitor_reports import inbox, report
from tests.flows.world import World


@pytest.mark.parametrize("unchecked_world", ["postgresql"], indirect=True)
def test_a_form_sent_many_times_at_once_is_one_report(hub_world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: report(hub_world), range(8)))
    assert len({each["report"] for each in told}) == 1
    assert len(inbox(hub_world, "operator")) == 1
