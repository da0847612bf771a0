"""A thread a few items ahead: the same items in the same order, the same errors, and nothing left running."""

import threading
import time

import pytest
import torch

from contrique.learning.ahead import made_ahead, on_device


def counted(count, made=None, closed=None):
    try:
        for item in range(count):
            if made is not None:
                made.append(item)
            yield item
    finally:
        if closed is not None:
            closed.append(threading.current_thread().name)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "contrique-ahead"]


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_every_item_once_in_order(count):
    closed = []
    assert list(made_ahead(counted(count, closed=closed), lambda item: item * 10)) == [i * 10 for i in range(count)]
    assert len(closed) == 1
    assert not threads()


def test_it_is_ahead_by_so_many_and_no_more():
    made = []
    results = made_ahead(counted(100, made), lambda item: item, ahead=3)
    assert next(results) == 0
    deadline = time.monotonic() + 20
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    assert made == [0, 1, 2, 3, 4]  # the one given out, three that wait, one in the thread's hands
    results.close()


def test_the_first_item_is_the_consumers_and_the_others_the_threads():
    where = [None, *made_ahead(counted(3), lambda item: threading.current_thread().name)]
    assert where[1] == threading.current_thread().name
    assert set(where[2:]) == {"contrique-ahead"}


@pytest.mark.parametrize("at", [0, 1, 4])
@pytest.mark.parametrize("by", ["source", "work"])
def test_an_error_comes_in_its_place(at, by):
    closed = []

    def failing():
        try:
            for item in range(6):
                if by == "source" and item == at:
                    raise LookupError(f"item {item}")
                yield item
        finally:
            closed.append(True)

    def work(item):
        if by == "work" and item == at:
            raise LookupError(f"item {item}")
        return item

    got = []
    with pytest.raises(LookupError, match=f"item {at}"):
        got.extend(made_ahead(failing(), work))
    assert got == list(range(at))
    assert closed == [True]
    assert not threads()


def test_closing_early_ends_the_thread_and_closes_the_source():
    closed = []
    results = made_ahead(counted(10**9, closed=closed), lambda item: item)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()
    assert closed == [threading.current_thread().name]
    assert not threads()


def test_on_a_cpu_nothing_is_carried():
    source = counted(2)
    assert on_device(source, torch.device("cpu")) is source


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_arrive_on_the_gpu_as_they_were():
    device = torch.device("cuda")
    views = torch.randint(0, 256, (40, 6, 2, 64, 64, 3), dtype=torch.uint8)
    classes = torch.arange(40 * 6).reshape(40, 6)
    source = ((views[i], classes[i], {str(i): "why"}) for i in range(40))
    for i, (view_there, class_there, broken) in enumerate(on_device(source, device)):
        doubled = view_there.float() * 2  # computed on the main stream, while later batches arrive
        assert view_there.device.type == class_there.device.type == "cuda"
        torch.testing.assert_close(doubled.cpu(), views[i].float() * 2, rtol=0, atol=0)
        assert torch.equal(class_there.cpu(), classes[i])
        assert broken == {str(i): "why"}
