"""Runs of pytest that share the tests (lanes.py): nothing is left out, nothing
is run twice, and the last knows what all have seen."""
import pathlib
from types import SimpleNamespace as Some

import pytest

from lanes import LONGEST, Lanes

FILES = [f"test_{name}.py" for name in "abcdefg"]


def items():
    """Two tests a file, in an order that comes back to each file, and one
    about all of them."""
    some = [Some(path=pathlib.Path("/x") / name, keywords={name, n})
            for n in (1, 2) for name in FILES]
    return some + [Some(path=pathlib.Path("/x/test_z.py"),
                        keywords={"whole_run"})]


def watch(*seen):
    return Some(count=len(seen), succeeded=set(seen), failed={("GET", "/f")})


@pytest.mark.parametrize("order", [
    (0, 1, 2) * 15, (2, 1, 0) * 15, (0,) * 15 + (1,) * 15 + (2,) * 15,
    (1, 1, 0, 2, 0) * 15])
def test_each_test_is_run_once_and_the_whole_by_the_last(tmp_path, order):
    lanes = [Lanes(f"{tmp_path}:{n}:3") for n in range(3)]
    watches = [watch(("GET", f"/{n}")) for n in range(3)]
    left = [items() for _ in lanes]
    ran, lasts = [], []
    for lane, mine in zip(lanes, left):
        lane.sort(mine)
        mine.sort(key=lambda item: "whole_run" in item.keywords)
    for n in order:
        if left[n]:
            item = left[n].pop(0)
            if lanes[n].takes(item, watches[n]):
                ran.append((n, item.path.name, sorted(item.keywords, key=str)))
            if not left[n]:
                lasts.append(n)
    assert left == [[], [], []]
    names = [name for _, name, _ in ran]
    assert sorted(names) == sorted(FILES * 2 + ["test_z.py"])
    for name in FILES:
        assert len({n for n, of, _ in ran if of == name}) == 1
    assert ran[-1][:2] == (lasts[-1], "test_z.py")
    whole = watches[lasts[-1]]
    assert whole.succeeded == {("GET", f"/{n}") for n in range(3)}
    assert whole.count == 3 and whole.failed == {("GET", "/f")}


def test_a_file_is_run_through_and_the_longest_are_begun_first(tmp_path):
    mine = items() + [Some(path=pathlib.Path("/x") / name, keywords={})
                      for name in (LONGEST[1], LONGEST[0])]
    Lanes(f"{tmp_path}:1:2").sort(mine)
    assert [item.path.name for item in mine] == [
        *LONGEST[:2], *(name for name in FILES for _ in (1, 2)), "test_z.py"]


def test_the_longest_are_there():
    here = pathlib.Path(__file__).parent
    assert [name for name in LONGEST if not (here / name).exists()] == []


def test_the_whole_is_not_run_while_one_is_still_at_it(tmp_path):
    lanes = [Lanes(f"{tmp_path}:{n}:2") for n in range(2)]
    *_, whole = items()
    assert not lanes[0].takes(whole, watch())
    assert not lanes[0].takes(whole, watch())
    assert lanes[1].takes(whole, None)
