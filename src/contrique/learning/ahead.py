"""Batches reach the GPU while the one before is computed: a thread collects, page-locks and carries them."""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import torch
from torch import Tensor

AHEAD = 2  # batches on the device that wait for their step

T = TypeVar("T")
Batch = tuple[Tensor, Tensor, dict[str, str]]


def on_device(source: Generator[Batch, None, None], device: torch.device) -> Generator[Batch, None, None]:
    """The batches of a source, in order, on the device.

    On a CPU that is the source itself: nothing is to be carried, and a thread would take time from the computation. On
    a GPU bytes travel (a quarter of what floats would) from page-locked memory on a stream of their own.

    Args:
        source: views, classes and broken images, as the loader yields them; closed together with the result.
        device: where the step computes.
    """
    if device.type != "cuda":
        return source
    return _waited_for(made_ahead(source, _Carrier(device)), device)


def made_ahead(
    source: Generator[T, None, None], work: Callable[[T], Any], ahead: int = AHEAD
) -> Generator[Any, None, None]:
    """``work(item)`` of every item of a source, in order, done by a thread a few items ahead of the consumer.

    The first item is made where the consumer is, so that whatever the source starts (worker processes, their signal
    handlers) belongs to that thread; then the thread alone touches the source. An error of source or work is raised to
    the consumer in its place in the order. Closing the result ends the thread and closes the source.

    Args:
        source: a generator.
        work: called in the thread, but for the first item.
        ahead: how many results may wait.
    """
    done: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(ahead)  # a result, or what ended the source
    stopped = threading.Event()

    def offer(result: Any, ended: BaseException | None = None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                return done.put((result, ended), timeout=0.1)

    def run() -> None:
        try:
            while not stopped.is_set():
                offer(work(next(source)))
        except BaseException as error:  # whatever it is, StopIteration too, it is the consumer's to see
            offer(None, error)

    with contextlib.closing(source):
        try:
            first = next(source)
        except StopIteration:
            return
        thread = threading.Thread(target=run, name="contrique-ahead", daemon=True)
        thread.start()
        try:
            yield work(first)
            while True:
                result, ended = done.get()
                if isinstance(ended, StopIteration):
                    return
                if ended is not None:
                    raise ended
                yield result
        finally:
            stopped.set()
            thread.join()  # waits for the item at hand at most


class _Carrier:
    """Copies a batch to a GPU on a stream of its own; returns it with the event that says it has arrived."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)

    def __call__(self, batch: Batch) -> tuple[Batch, torch.cuda.Event]:
        views, classes, broken = batch
        with torch.cuda.stream(self._stream):
            # PyTorch keeps page-locked memory for the next batch, and not before this copy is done.
            there = [tensor.pin_memory().to(self._device, non_blocking=True) for tensor in (views, classes)]
            return (there[0], there[1], broken), self._stream.record_event()


def _waited_for(
    source: Generator[tuple[Batch, torch.cuda.Event], None, None], device: torch.device
) -> Generator[Batch, None, None]:
    """The batches, once the GPU's own computation is told to wait for their arrival (the CPU does not wait)."""
    with contextlib.closing(source):
        for (views, classes, broken), arrived in source:
            computing = torch.cuda.current_stream(device)
            computing.wait_event(arrived)
            for tensor in (views, classes):
                tensor.record_stream(computing)  # its memory is not another batch's before the step is done
            yield views, classes, broken
