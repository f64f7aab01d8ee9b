"""The parts of the benchmark of authd."""
from zbench import cpu, overload, start, tcp

PARTS = cpu.PARTS | tcp.PARTS | start.PARTS | overload.PARTS
