# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of an OKMS domain that go to one stream, as okms_log_subscription brings them there, and ends them."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State, complete
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
    extended,
    forbidden_by_state,
    outcome_unknown,
    unseen,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import Domains
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.logs import (
    LOG_SUBSCRIPTION_FIELDS,
    Logs,
    Operation,
    chosen_kinds,
    going_to,
    kinds_in_words,
    refuse_unknown_kinds,
    stream_of,
)

_LOOK_FOR = 120.0  # seconds, for the effect of a call whose answer was lost
_LOOKS = 5  # for the effect of a call that may have been refused because of an earlier one
_ALL = "all kinds"  # in the plan of a domain that does not exist yet


class _OneStream:
    """Options, and what goes to the stream: subscriptions of the chosen kinds."""

    def __init__(self, context: Context, client: Client) -> None:
        params = context.params
        self.warn = context.warn
        self.okms_id: str = params["okms_id"]
        self.stream_id = stream_of(params["stream_id"])
        self.kinds = chosen_kinds(params["kinds"])
        self.logs = Logs(client, self.okms_id)
        self.patience = Patience(float(params["wait_timeout"]), float(params["wait_interval"]))
        self.now: list[State] = []  # as read last

    def look(self) -> list[State]:
        """Read what goes to the stream now."""
        self.now = going_to(self.logs.subscriptions(), self.stream_id, self.kinds)
        return self.now

    def there(self) -> list[str]:
        """Kinds that go to the stream, as read last."""
        return sorted({state["kind"] for state in self.now})

    def wait(self, what: str, ready: t.Callable[[], bool], next_step: str, patience: Patience | None = None) -> None:
        """Look until it is so."""
        try:
            wait_for(
                self.look,
                lambda _seen: ready(),
                f"{what} stream {self.stream_id}",
                patience or self.patience,
                lambda _seen: f"it gets {', '.join(self.there()) or 'none of them'}",
            )
        except WaitTimeoutError as error:
            message = error.message.partition(". Nothing is lost")[0]
            raise WaitTimeoutError(f"{message}. {next_step}", **error.details) from error

    def found(self, ready: t.Callable[[], bool], looked_for: Patience) -> bool:
        """Whether it is so within that time."""
        try:
            self.wait("looking at the logs of", ready, "", looked_for)
        except WaitTimeoutError:
            return False
        return True

    def found_after(self, error: CollectionError, ready: t.Callable[[], bool], once: bool) -> bool:
        """Whether it is so in spite of the error: the answer was lost, or somebody has asked for the same before.

        `once`: look also after other errors, which the API may have for that.
        """
        lost = outcome_unknown(error)
        if lost or isinstance(error, ConflictError):
            looks = self.after_loss()
        elif forbidden_by_state(error):
            looks = self.patience.briefly(_LOOKS)  # perhaps refused for something else, so not for long
        elif once and not isinstance(error, ForbiddenError):
            looks = self.patience.briefly(1)
        else:
            return False
        try:
            return self.found(ready, looks)
        except CollectionError as second:
            if lost:
                raise unseen(error, second) from error
            return False  # the refusal says more

    def after_loss(self) -> Patience:
        """How long to look for the effect of a lost answer: a second call could have the effect twice."""
        return dataclasses.replace(self.patience, timeout=min(_LOOK_FOR, self.patience.timeout), at_least=_LOOKS)

    def state(self, kinds: t.Iterable[str]) -> State:
        """Kinds with the stream that they go to, for the diff."""
        return dict.fromkeys(sorted(kinds), self.stream_id)

    def report(self) -> dict[str, t.Any]:
        """The result keys."""
        return {"log_subscriptions": [dict(state) for state in self.now]}


class SubscribedLogs(_OneStream):
    """Each chosen kind of the domain's logs goes to the stream, once."""

    def __init__(self, context: Context, client: Client) -> None:
        super().__init__(context, client)
        self.missing: list[str] = []
        self.known: list[State] = []
        self.sent: dict[str, Operation] = {}
        self.planned = True

    def plan(self) -> tuple[State, State]:
        """What goes there and what will; a kind that the domain does not have is refused here."""
        if not self.okms_id:
            self.missing = self.kinds or [_ALL]
            return {}, self.state(self.missing)
        self.look()
        before = self.there()
        if self.kinds is None:
            self.known = self.logs.kinds()
            # only the API tells their names: the guide on logs describes two kinds without them (assumption log-kinds)
            wanted = [kind["name"] for kind in self.known]
            if not wanted:
                raise NotFoundError(f"OKMS {self.okms_id} names no kinds of logs: nothing can go to a stream")
        else:
            wanted = self.kinds
        self.missing = sorted(set(wanted) - set(before))
        if self.missing and self.kinds is not None:
            self.known = self.logs.kinds()
            refuse_unknown_kinds(self.missing, self.known, self.okms_id)
        self._warn_of_doubles()
        return self.state(before), self.state({*before, *wanted})

    def _warn_of_doubles(self) -> None:
        for kind in self.there():
            ids = [state["id"] for state in self.now if state["kind"] == kind]
            if len(ids) > 1:
                self.warn(
                    f"{len(ids)} subscriptions send the logs {kind} of OKMS {self.okms_id} to stream "
                    f"{self.stream_id}: {', '.join(ids)}. Each line arrives and is billed that many times; end them "
                    "with state=absent, then subscribe again"
                )

    def perform(self) -> tuple[State, CollectionError | None]:
        """Ask for each missing kind, then wait until all go to the stream."""
        if not self.okms_id:
            raise InvalidInputError(
                "okms_id is empty: there are no logs without a domain; give its id, as okms_info returns it"
            )
        self.planned = False
        before = self.there()
        error = None
        try:
            self._ask()
            self._wait()
        except CollectionError as failure:
            error = failure
        return self.state({*before, *self.sent, *self.there()}), error

    def _ask(self) -> None:
        try:
            for kind in self.missing:
                self._subscribe(kind)
        except CollectionError:
            # a rerun that cannot see yet what the API accepted before would ask again
            with contextlib.suppress(CollectionError):
                self.found(lambda: set(self.sent) <= set(self.there()), self.after_loss())
            raise

    def _subscribe(self, kind: str) -> None:
        try:
            self.sent[kind] = self.logs.subscribe(kind, self.stream_id)
        except CollectionError as error:
            if not self._took_effect(kind, error):
                raise self._refused(kind, error) from error

    def _took_effect(self, kind: str, error: CollectionError) -> bool:
        """Whether the kind goes to the stream in spite of the error: the answer was lost, or somebody else asked."""
        # the list decides: a second subscription may be refused or not (assumption log-subscription-once)
        return self.found_after(error, lambda: kind in self.there(), once=True)

    def _refused(self, kind: str, error: CollectionError) -> CollectionError:
        what = f"the logs {kind} of OKMS {self.okms_id} cannot go to stream {self.stream_id}: {error.message}"
        if outcome_unknown(error):
            next_step = (
                "Whether the API accepted it is unknown, and no such subscription is visible: look again in some "
                "minutes (okms_log_subscription_info), then rerun"
            )
        else:
            next_step = (
                # an unknown stream may be refused like a missing right (assumption log-stream-refused)
                "Check that the stream exists, and that this identity has ldp:apiovh:output/graylog/stream/forwardTo "
                f"on its service. The domain has logs of the kinds {kinds_in_words(self.known)}"
            )
        return extended(error, f"{what}. {next_step}")

    def _wait(self) -> None:
        # the call starts an operation, which the list shows only later (assumption log-subscription-told-late)
        named = ", ".join(f"{kind} (operation {operation})" for kind, operation in self.sent.items())
        self.wait(
            f"logs of OKMS {self.okms_id} to",
            lambda: set(self.missing) <= set(self.there()),
            f"The API accepted {named or 'them'}: look at the operation on that service's page (Logs Data Platform) "
            "before you rerun, because a rerun asks again",
        )

    def report(self) -> dict[str, t.Any]:
        """The result keys; in check mode as they would be."""
        if not self.planned:
            return super().report()
        told = [*self.now, *(self._foreseen(kind) for kind in self.missing)]
        return {"log_subscriptions": sorted(told, key=lambda state: str(state["kind"]))}

    def _foreseen(self, kind: str) -> State:
        known = {"okms_id": self.okms_id or None, "kind": None if kind == _ALL else kind, "stream_id": self.stream_id}
        return complete(known, LOG_SUBSCRIPTION_FIELDS)


class EndedLogs(_OneStream):
    """None of the chosen kinds goes to the stream. What is in the stream stays there."""

    def __init__(self, context: Context, client: Client) -> None:
        super().__init__(context, client)
        self.planned = True
        self.ended: set[str] = set()  # ids, though the API may still list them for a while

    def plan(self) -> tuple[State, State]:
        """What goes there now."""
        if self.okms_id:
            try:
                self.look()
            except (NotFoundError, ServiceExpiredError):
                self.now = []  # the logs of a domain end with it
        return self.state(self.there()), {}

    def perform(self) -> tuple[State, CollectionError | None]:
        """End each, then wait until all are gone."""
        self.planned, error = False, None
        try:
            for state in list(self.now):
                self._end(state)
            self.wait(f"end of the logs of OKMS {self.okms_id} to", lambda: not self.now, "Rerun to continue")
        except CollectionError as failure:
            error = failure
        return self.state({state["kind"] for state in self.now if state["id"] not in self.ended}), error

    def _end(self, state: State) -> None:
        subscription_id = state["id"]
        try:
            self.logs.unsubscribe(subscription_id)
        except CollectionError as error:
            lost = outcome_unknown(error)
            # refused by its state: an earlier run, or somebody else, has ended it already
            if not self._is_gone(subscription_id, error):
                what = f"the logs {state['kind']} of OKMS {self.okms_id} still go to stream {self.stream_id}"
                next_step = ". Rerun to end it" if lost else ""
                raise extended(error, f"{what}: {error.message}{next_step}") from error
        self.ended.add(subscription_id)

    def _is_gone(self, subscription_id: str, error: CollectionError) -> bool:
        return self.found_after(error, lambda: subscription_id not in [one["id"] for one in self.now], once=False)

    def report(self) -> dict[str, t.Any]:
        """The result keys; in check mode as they would be."""
        return {"log_subscriptions": []} if self.planned else super().report()


class LogSubscriptionInfo:
    """Log subscriptions, and kinds of logs, of one or of all domains."""

    def __init__(self, context: Context, client: Client) -> None:
        self.params = context.params
        self.client = client

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        stream_id = self.params["stream_id"] or ""
        stream = stream_of(stream_id) if stream_id.strip() else None
        kinds: list[State] = []
        found: list[State] = []
        for okms_id in self._domain_ids():
            logs = Logs(self.client, okms_id)
            try:
                found += [state for state in logs.subscriptions() if stream in (None, state["stream_id"])]
                kinds += logs.kinds() if self.params["include_kinds"] else []
            except (NotFoundError, ServiceExpiredError):
                continue  # a terminated domain is listed for some time, its logs are not
        wanted = (self.params["kind"] or "").strip()  # a blank one is none
        return {
            "log_subscriptions": [state for state in found if wanted in ("", state["kind"])],
            "log_kinds": [state for state in kinds if wanted in ("", state["name"])],
        }

    def _domain_ids(self) -> list[str]:
        given = self.params["okms_id"]
        return [given] if given else [state["id"] for state in Domains(self.client).every()]
