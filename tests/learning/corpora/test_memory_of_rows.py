"""Memory does not grow with the number of rows: the benchmark's own figures, in fresh processes."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_thirty_times_the_rows_take_no_more_memory(request):
    script = request.config.rootpath / "benchmarks" / "corpora.py"
    command = [sys.executable, str(script), "--rows", "20000", "600000", "--kinds", "csv"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    few, many = ([float(cell.replace(",", "")) for cell in line.split()[1:]] for line in lines)
    assert many[0] == 30 * few[0]
    assert many[3] < few[3] + 10  # MB at the end; 600,000 paths as Python strings take 60
    assert many[4] < few[4] + 10  # MB at the most
