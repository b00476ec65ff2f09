"""The station is what was set up: nothing of it is made up, and what is set stands where it is needed."""

from pathlib import Path

import pytest

from afirgen.bootstrap import station_setup
from afirgen.errors import SettingsError
from afirgen.settings import Settings
from afirgen.web.deps import StationSetup
from tests.api.kit import Client
from tests.web.installation import HEADERS, Installation

pytestmark = pytest.mark.anyio


async def test_a_station_that_was_not_set_up_is_blank(installation: Installation) -> None:
    async with installation.client() as http:
        told = await Client(http).call("GET", "/station")
        assert told == {"name": None, "district": None, "state": None, "beats": [], "language": None}
        assert "selected" not in (await http.get("/new", headers=HEADERS)).text


async def test_beats_and_language_stand_where_they_are_needed(installation: Installation) -> None:
    installation.limits["station"] = StationSetup(name="Vijay Nagar", beats=("Beat 1", "Beat “2”"), language="hi")
    async with installation.client() as http:
        client = Client(http)
        told = await client.call("GET", "/station")
        assert (told["name"], told["beats"], told["language"]) == ("Vijay Nagar", ["Beat 1", "Beat “2”"], "hi")
        new = (await http.get("/new", headers=HEADERS)).text
        assert '<html lang="hi"' in new
        assert '<option value="hi" selected>' in new
        assert '<html lang="en"' in (await http.get("/new?lang=en", headers=HEADERS)).text
        case = await client.begin()
        await client.reach(case, "final_review")
        form = (await http.get(f"/cases/{case}", headers=HEADERS)).text
        assert '<option value="Beat “2”">' in form
        assert 'list="beats"' in form


def test_the_settings_say_who_the_station_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AFIRGEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AFIRGEN_STATION_BEATS", "Beat 1, Beat 2")
    monkeypatch.setenv("AFIRGEN_STATION_LANGUAGE", "hi")
    assert station_setup(Settings()) == StationSetup(beats=("Beat 1", "Beat 2"), language="hi")
    monkeypatch.setenv("AFIRGEN_STATION_LANGUAGE", "xx")
    with pytest.raises(SettingsError, match="AFIRGEN_STATION_LANGUAGE"):
        station_setup(Settings())
