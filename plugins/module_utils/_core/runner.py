# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place for check mode, diff, changed, exit and failure.

A module gives its spec and a function that builds its resource. The resource reads, says what is wanted, and has three
verbs that are the only writers; everything that Ansible wants to see is made here.
"""

from __future__ import annotations

import abc
import contextlib
import os
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.characters import check_characters
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import (
    Plan,
    State,
    complete,
    diff,
    make_plan,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import (
    flat,
    misplaced,
    scrub,
    scrub_data,
    shortened,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import with_former_names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import WRONG_SHAPE, why
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.variables import (
    ENVIRONMENT,
    PLAYBOOK,
    Words,
)


class Closable(t.Protocol):
    """A client that has to be left properly (log out, close the connection)."""

    def close(self) -> None:
        """End the session; must not raise for a session that is already gone."""


UNEXPECTED = "unexpected"  # the kind of a failure that no code foresaw
_OURS = os.path.join("vmware_encryption", "plugins")
C = t.TypeVar("C", bound=Closable)


class Context:
    """What a resource may know of the run: its options, a way to warn, and clients that are closed at the end."""

    def __init__(self, params: dict[str, t.Any], stack: contextlib.ExitStack) -> None:
        self.params = params
        self.warnings: list[str] = []
        self._stack = stack

    def warn(self, message: str) -> None:
        """Tell the user something that does not stop the run."""
        if message not in self.warnings:
            self.warnings.append(message)

    def closing(self, client: C) -> C:
        """Have the client closed when the module ends, however it ends."""
        self._stack.callback(client.close)
        return client


class Resource(abc.ABC):
    """Base of all resources: how to read, what is wanted, and the writers.

    `result_key` names the result, `fields` all its keys, `volatile` those that change by themselves and stay out of
    the diff. `extras()` are further result keys, the same in every path.
    """

    result_key: str = ""
    fields: t.Sequence[str] = ()
    volatile: t.Collection[str] = ()

    @abc.abstractmethod
    def read(self) -> State | None:
        """The present state in our shape, or None when it is absent. Never writes."""

    @abc.abstractmethod
    def wanted(self, before: State | None) -> State:
        """The values the user asked for, complete and normalised like `read`; what is not named stays unchanged."""

    def predict(self, plan: Plan) -> State:
        """The state after the plan as far as it is known (unknown: null). Never writes."""
        return plan.after

    def guard(self, plan: Plan) -> None:  # noqa: B027 (optional: most resources have no such rule)
        """Raise when a safety rule forbids the plan; also in check mode. Never writes."""

    def settle(self, plan: Plan) -> State:
        """Nothing differs: wait for what an earlier run has started. Not called in check mode. Never writes."""
        return self.predict(plan)

    @abc.abstractmethod
    def apply(self, plan: Plan) -> State:
        """Make it, or carry out plan.changes (plan.verb tells which), and return its new state."""

    def delete(self, plan: Plan) -> None:
        """Remove it; only for modules that have a state for it."""
        raise NotImplementedError(f"{type(self).__name__} cannot be removed")

    def extras(self) -> dict[str, t.Any]:
        """Further documented result keys."""
        return {}


class Info(t.Protocol):
    """A reader: `find` returns all result keys and never changes anything."""

    def find(self) -> dict[str, t.Any]:
        """The result keys."""


class Action(t.Protocol):
    """Something that is done anew in every run, and leaves no state that could be compared."""

    def perform(self, check_mode: bool) -> dict[str, t.Any]:
        """Do it; the result keys, `changed` among them. In check mode: the same keys, and nothing is changed."""


class Campaign(t.Protocol):
    """Many objects that are brought into a state in one run, some of which may fail while others get there."""

    def plan(self) -> tuple[State, State]:
        """State before and predicted state, by object; without what will not change. Raises when nothing may be
        done at all. Never writes."""

    def perform(self) -> tuple[State, CollectionError | None]:
        """Do it; the state after, of the same objects, and an error when some of them failed."""

    def report(self) -> dict[str, t.Any]:
        """The result keys, the same in every path."""


@t.runtime_checkable
class SettlingCampaign(Campaign, t.Protocol):
    """A fleet that waits for what an earlier run has started when nothing is left to change."""

    def settle(self) -> None:
        """Wait. Not called in check mode. Never writes."""


def run(spec: ArgSpec, build: t.Callable[[Context], Resource]) -> t.NoReturn:
    """Run a module that brings one object into a state."""

    def work(context: Context, check_mode: bool) -> dict[str, t.Any]:
        resource = build(context)
        before = resource.read()
        state = context.params.get("state") or "present"
        wanted = {} if state == "absent" else resource.wanted(before)
        plan = make_plan(before, wanted, state)
        resource.guard(plan)
        after = resource.predict(plan) if check_mode else _applied(resource, plan)
        before_full = complete(plan.before, resource.fields)
        after_full = complete(after, resource.fields)
        result = {"changed": plan.changed, resource.result_key: with_former_names(after_full), **resource.extras()}
        if plan.changed:
            result["diff"] = diff(before_full, {**after_full, **_under_way(plan, after)}, resource.volatile)
        return result

    _run(spec, work)


def run_info(spec: ArgSpec, build: t.Callable[[Context], Info]) -> t.NoReturn:
    """Run a module that only reads."""

    def work(context: Context, check_mode: bool) -> dict[str, t.Any]:
        return {"changed": False, **build(context).find()}

    _run(spec, work)


def run_action(spec: ArgSpec, build: t.Callable[[Context], Action]) -> t.NoReturn:
    """Run a module that does something instead of bringing an object into a state."""

    def work(context: Context, check_mode: bool) -> dict[str, t.Any]:
        return build(context).perform(check_mode)

    _run(spec, work)


def run_campaign(spec: ArgSpec, build: t.Callable[[Context], Campaign]) -> t.NoReturn:
    """Run a module that brings many objects into a state. Their results are returned beside an error, too."""

    def work(context: Context, check_mode: bool) -> dict[str, t.Any]:
        fleet = build(context)
        before, after = fleet.plan()
        error = None
        if not check_mode and before != after:
            after, error = fleet.perform()
        elif not check_mode and isinstance(fleet, SettlingCampaign):
            fleet.settle()
        result = {"changed": before != after, **fleet.report()}
        if before != after:
            result["diff"] = diff(before, after)
        if error is not None:
            error.results.update(result)
            raise error
        return result

    _run(spec, work)


def _applied(resource: Resource, plan: Plan) -> State:
    """The state after the plan. A change whose answer was lost is looked for, so that `changed` is true to it."""
    try:
        return _apply(resource, plan)
    except CollectionError as error:
        if plan.changed and (error.answered or error.details.get("maybe_done")):
            error.results.setdefault("changed", _differs(resource, plan))
        raise


def _under_way(plan: Plan, after: State) -> State:
    """Wanted values that do not show yet, because nobody waited for them: the diff has them, as in check mode."""
    return {name: value for name, value in plan.changes.items() if after.get(name) == plan.before.get(name)}


def _differs(resource: Resource, plan: Plan) -> bool:
    """Whether the object is not what it was; when it cannot be read, it may not be."""
    try:
        now = resource.read()
    except CollectionError:
        return True
    before, after = plan.before, now or {}
    names = {*before, *after}.difference(resource.volatile)
    return any(before.get(name) != after.get(name) for name in names)


def _apply(resource: Resource, plan: Plan) -> State:
    if not plan.changed:
        return resource.settle(plan)
    if plan.verb == "delete":
        resource.delete(plan)
        return {}
    return resource.apply(plan)


class _Module(AnsibleModule):  # type: ignore[misc]
    """Hides secrets in options that are not made for them before anything is logged or can fail."""

    def _load_params(self) -> None:
        """Read the options; Ansible itself only warns when an option and its former name are both given."""
        super()._load_params()
        self.given_twice = [
            f"{name} and its former name {former}"
            for name, option in self.argument_spec.items()
            for former in option.get("aliases", ())
            if self.params.get(name) is not None and self.params.get(former) is not None
        ]

    def log(self, msg: t.Any, log_args: t.Any = None) -> None:
        """Write to the system log; the first time in the constructor, after all options were read."""
        self.hide_misplaced()
        secrets = self.secrets()
        # a system log takes no NUL, and Ansible would print all options instead
        arguments = {name: flat(scrub(str(value), secrets)) for name, value in (log_args or {}).items()}
        super().log(flat(scrub(str(msg), secrets)), log_args=arguments or None)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        """End with an error; the constructor does so for options that do not fit."""
        self.hide_misplaced()
        words = self.words()
        super().fail_json(words.of(shortened(scrub(msg, self.secrets()))), **words.in_data(kwargs))
        raise AssertionError("fail_json returned")

    def words(self) -> Words:
        """How the role or playbook that runs this module, if one does, names its options."""
        name, said = str(self._name).rpartition(".")[2], os.environ.get(ENVIRONMENT, "")
        return Words(said, name, self.argument_spec, bool(os.environ.get(PLAYBOOK)))

    def hide_misplaced(self) -> None:
        """Ansible takes these values out of all that the module returns, `invocation` included."""
        found = misplaced(self.params)
        self.no_log_values.update(found, (repr(value)[1:-1] for value in found))  # as messages quote them, too

    def secrets(self) -> list[str]:
        """Values that no text may show, also as they are used: without white space at both ends."""
        values = {str(value) for value in self.no_log_values}
        return sorted(values.union(value.strip() for value in values))


def _run(spec: ArgSpec, work: t.Callable[[Context, bool], dict[str, t.Any]]) -> t.NoReturn:
    module = _Module(supports_check_mode=True, **spec.module_arguments())
    module.hide_misplaced()
    secrets = module.secrets()
    progress.hide(secrets)
    context: Context | None = None
    try:
        with contextlib.ExitStack() as stack:
            context = Context(module.params, stack)
            check_characters(module.params)
            spec.trim(module.params)
            if module.given_twice:
                raise InvalidInputError(f"{' and '.join(module.given_twice)} are both given; keep the new name only")
            result = work(context, module.check_mode)
    except CollectionError as error:
        _warn(module, context, secrets)
        details = scrub_data(error.details, secrets)
        results = scrub_data(error.results, secrets)
        module.fail_json(msg=error.message, failure={"kind": error.kind, **details}, **results)
    except WRONG_SHAPE as error:
        # Ansible shows the trace on demand only; what a library says in it may hold anything
        _warn(module, context, secrets)
        trace = scrub(traceback.format_exc(), secrets)
        module.fail_json(msg=_unexpected(error), failure={"kind": UNEXPECTED}, exception=trace)
    _warn(module, context, secrets)
    module.exit_json(**module.words().in_data(result))
    raise AssertionError("exit_json returned")


def _unexpected(error: Exception) -> str:
    """For a value of a shape that nobody foresaw, and for our own mistakes: where, and what it may mean."""
    place = next(
        (frame for frame in reversed(traceback.extract_tb(error.__traceback__)) if _OURS in frame.filename), None
    )
    where = f" at {os.path.basename(place.filename)}:{place.lineno}" if place else ""
    return (
        f"an answer or a value has a shape that this collection does not expect ({why(error)}{where}). The "
        "operation may be partly done: check before you rerun, and report this with its traceback "
        "(ANSIBLE_DISPLAY_TRACEBACK=error, or -vvv before ansible-core 2.19)"
    )


def _warn(module: _Module, context: Context | None, secrets: list[str]) -> None:
    words = module.words()
    for message in context.warnings if context else []:
        module.warn(words.of(shortened(scrub(message, secrets))))
