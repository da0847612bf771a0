"""The live line, on a stream that says it is a terminal and on one that does not."""

import io
import re

import pytest

from contrique.learning.run.live import LiveLine, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def screen(self):
        """Lines as a terminal of 200 columns shows them after carriage returns."""
        lines = []
        for line in self.getvalue().split("\n"):
            cells = [" "] * 200
            at = 0
            for character in line:
                if character == "\r":
                    at = 0
                else:
                    cells[at] = character
                    at += 1
            lines.append("".join(cells).rstrip())
        return lines


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.99, "10 s"),
        (42.4, "42 s"),
        (59.6, "1 min 00 s"),
        (725, "12 min 05 s"),
        (3600 * 3 + 12 * 60 + 59, "3 h 12 min"),
        (86400 * 2 + 3600 * 4, "2 d 04 h"),
    ],
)
def test_duration(seconds, words):
    assert duration(seconds) == words


def test_it_tells_step_loss_speed_and_time_left(clock):
    """The first step, slow while workers start, counts only until there are others."""
    stream = Terminal()
    live = LiveLine(10, 100, stream=stream, clock=clock)
    clock.now += 30
    live.update(11, 5.0, 64)
    assert stream.screen()[-1] == "step 11 of 100 · loss 5.000 · 2.1 views/s · 44 min 30 s left"
    for step in (12, 13):
        clock.now += 2
        live.update(step, 4.5678, 64)
    assert stream.screen()[-1] == "step 13 of 100 · loss 4.568 · 32.0 views/s · 2 min 54 s left"


def test_speed_is_that_of_the_last_fifty_steps(clock):
    stream = Terminal()
    live = LiveLine(0, 1000, stream=stream, clock=clock)
    for step in range(1, 200):
        clock.now += 1 if step < 180 else 4
        live.update(step, 1.0, 8)
    assert "3.6 views/s" in stream.screen()[-1]  # 30 of 1 s, 20 of 4 s
    assert "29 min 22 s left" in stream.screen()[-1]  # 801 of 2.2 s


def test_a_pause_counts_for_the_time_left_but_not_for_the_speed(clock):
    stream = Terminal()
    live = LiveLine(0, 100, stream=stream, clock=clock)
    clock.now += 1000
    live.pause(1000)  # before the first step: it will not come again
    for step in range(1, 41):
        clock.now += 2
        if step % 20 == 0:
            clock.now += 10
            live.pause(10)
        live.update(step, 1.0, 8)
    assert "4.0 views/s" in stream.screen()[-1]
    assert "2 min 30 s left" in stream.screen()[-1]  # 60 steps of 2 s, and 10 s for each 20


def test_warnings_stand_above_it_and_stay(clock):
    stream = Terminal()
    live = LiveLine(0, 2, stream=stream, clock=clock)
    clock.now += 1
    live.update(1, 3.0, 8)
    live.above("warning: something")
    clock.now += 1
    live.update(2, 2.0, 8)
    live.close()
    assert stream.screen() == ["warning: something", "step 2 of 2 · loss 2.000 · 8.0 views/s · done", ""]


def test_a_narrow_terminal_gets_what_fits(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    LiveLine(0, 2, stream=stream, clock=clock).update(1, 3.0, 8)
    assert stream.screen() == ["step 1 of 2 · loss"]


def test_a_file_gets_a_line_every_half_minute_and_the_last(clock):
    stream = io.StringIO()
    live = LiveLine(0, 100, stream=stream, clock=clock)
    for step in range(1, 78):
        clock.now += 1
        live.update(step, 1.0, 8)
    live.close()
    assert "\r" not in stream.getvalue()
    assert re.findall(r"^step (\d+)", stream.getvalue(), re.MULTILINE) == ["1", "31", "61", "77"]


def test_hidden_it_shows_warnings_only(clock):
    stream = Terminal()
    live = LiveLine(0, 100, show=False, stream=stream, clock=clock)
    live.update(1, 1.0, 8)
    live.above("warning: x")
    live.close()
    assert stream.getvalue() == "warning: x\n"
