"""A simulated model provider: real HTTP and real wire formats, answers from a scenario file.

It stands apart: nothing here knows of the rest of Autopack but its errors. See docs/simulator.md.
"""

from autopack.simulator.faults import Fault
from autopack.simulator.log import LogEntry, read_log, served_tokens
from autopack.simulator.scenario import Scenario, load_scenario
from autopack.simulator.server import RunningSimulator, serve
from autopack.simulator.usage import ServedUsage
from autopack.simulator.wire import Api

__all__ = [
    "Api",
    "Fault",
    "LogEntry",
    "RunningSimulator",
    "Scenario",
    "ServedUsage",
    "load_scenario",
    "read_log",
    "serve",
    "served_tokens",
]
