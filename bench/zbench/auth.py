"""The parts of the benchmark of authd."""
from zbench import cpu, memory

PARTS = cpu.PARTS | {"memory": memory.run}
