# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PerformanceManager: a few counters of hosts and VMs, with the numbers of a real vCenter and invented values."""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from . import errors
from .dispatcher import Call, operation
from .entities import Host, VirtualMachine

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory

Perf = vim.PerformanceManager
REAL_TIME = 20  # seconds between two samples
# number, group, name, unit, rollup, kind, value
COUNTERS = (
    (2, "cpu", "usage", "percent", "average", "rate", 1250),
    (6, "cpu", "usagemhz", "megaHertz", "average", "rate", 830),
    (24, "mem", "usage", "percent", "average", "absolute", 4200),
    (125, "disk", "usage", "kiloBytesPerSecond", "average", "rate", 96),
    (143, "net", "usage", "kiloBytesPerSecond", "average", "rate", 64),
    (155, "sys", "uptime", "second", "latest", "absolute", 86400),
)
VALUES = {number: value for number, *_names, value in COUNTERS}
# key, seconds between two samples, name, seconds kept
INTERVALS = (
    (1, 300, "Past day", 86400),
    (2, 1800, "Past week", 604800),
    (3, 7200, "Past month", 2592000),
    (4, 86400, "Past year", 31536000),
)


def _word(key: str) -> t.Any:
    return vim.ElementDescription(key=key, label=key, summary=key)


def counters() -> list[t.Any]:
    """All counters."""
    return [
        Perf.CounterInfo(
            key=number,
            groupInfo=_word(group),
            nameInfo=_word(name),
            unitInfo=_word(unit),
            rollupType=rollup,
            statsType=kind,
            level=1,
            perDeviceLevel=3,
        )
        for number, group, name, unit, rollup, kind, _value in COUNTERS
    ]


def intervals() -> list[t.Any]:
    """What is kept for how long."""
    return [
        vim.HistoricalInterval(key=key, samplingPeriod=period, name=name, length=length, level=1, enabled=True)
        for key, period, name, length in INTERVALS
    ]


def description() -> t.Any:
    """The words of the counters."""
    return vim.PerformanceDescription(
        counterType=[_word(name) for name in ("average", "latest", "maximum", "minimum", "none", "summation")],
        statsType=[_word(name) for name in ("absolute", "delta", "rate")],
    )


class Performance:
    """PerformanceManager."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._core = core
        self._inventory = inventory
        table = {
            "description": lambda _own: description(),
            "historicalInterval": lambda _own: intervals(),
            "perfCounter": lambda _own: counters(),
        }
        core.store.add(Perf("PerfMgr"), self, table)

    def _measured(self, reference: t.Any) -> bool:
        entity = self._inventory.entity(reference)
        if entity is None:
            raise errors.not_found(reference)
        return isinstance(entity, (Host, VirtualMachine)) and entity.power_state == "poweredOn"

    @operation("QueryPerfProviderSummary")
    def summary(self, call: Call) -> t.Any:
        """Hosts and VMs have samples of the moment, all entities have those that are kept."""
        reference = call.arguments["entity"]
        entity = self._inventory.entity(reference)
        if entity is None:
            raise errors.not_found(reference)
        current = isinstance(entity, (Host, VirtualMachine))
        rate = REAL_TIME if current else None
        return Perf.ProviderSummary(
            entity=entity.reference, currentSupported=current, summarySupported=True, refreshRate=rate
        )

    @operation("QueryPerfCounter")
    def some(self, call: Call) -> list[t.Any]:
        """Counters by their numbers; an unknown one is a fault."""
        known = {one.key: one for one in counters()}
        wanted = call.arguments["counterId"]
        if not set(wanted) <= set(known):
            raise errors.invalid_argument("counterId")
        return [known[number] for number in wanted]

    @operation("QueryPerfCounterByLevel")
    def of_level(self, call: Call) -> list[t.Any]:
        """All are of level 1, which every level includes."""
        if not 1 <= call.arguments["level"] <= 4:
            raise errors.invalid_argument("level")
        return counters()

    @operation("QueryAvailablePerfMetric")
    def available(self, call: Call) -> list[t.Any]:
        """The counters of an entity; none while its power is off."""
        measured = self._measured(call.arguments["entity"])
        return [Perf.MetricId(counterId=number, instance="") for number in VALUES] if measured else []

    @operation("QueryPerf")
    def values(self, call: Call) -> list[t.Any]:
        """One sample of each counter asked for."""
        return [self._sample(one) for one in call.arguments["querySpec"] if self._measured(one.entity)]

    def _sample(self, spec: t.Any) -> t.Any:
        wanted = [one.counterId for one in spec.metricId] or list(VALUES)
        if not set(wanted) <= set(VALUES):
            raise errors.invalid_argument("querySpec.metricId")
        return Perf.EntityMetric(
            entity=spec.entity,
            sampleInfo=[Perf.SampleInfo(timestamp=self._core.clock.now(), interval=spec.intervalId or REAL_TIME)],
            value=[
                Perf.IntSeries(id=Perf.MetricId(counterId=number, instance=""), value=[VALUES[number]])
                for number in wanted
            ],
        )
