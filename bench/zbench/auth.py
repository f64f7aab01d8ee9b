"""The parts of the benchmark of authd."""
from zbench import cpu, start

PARTS = cpu.PARTS | start.PARTS
