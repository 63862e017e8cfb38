# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an OKMS domain, in two steps: a request that makes OVHcloud send a mail, then the token of that mail."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
    extended,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    numbers,
    parse_time,
    record,
    utc,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import (
    ENDED_DOMAIN_STATES,
    Domains,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.services import (
    Services,
    terminating,
)

PENDING, TERMINATED = "confirmation_pending", "terminated"
_MAILS = 20  # the newest ones
_REQUEST_HOLDS = datetime.timedelta(days=1)


class Termination:
    """Ends one domain; never twice."""

    def __init__(self, client: Client, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._domains = Domains(client)
        self._services = Services(client)

    def ended(self, state: State) -> bool:
        """True when the domain is terminated already, or suspended: it stays readable for some time."""
        return state["state"] in ENDED_DOMAIN_STATES or self.confirmed(state["id"])

    def confirmed(self, okms_id: str) -> bool:
        """True when the billing service says that the termination is confirmed."""
        service_id = self._services.find(okms_id)
        try:
            return service_id is not None and terminating(self._services.get(service_id))
        except (NotFoundError, ServiceExpiredError):
            # 404 and 460 say that it is over, as Terraform's provider takes them
            return True

    def requested_at(self, okms_id: str) -> str | None:
        """When the confirmation mail of a request of the last day was sent; None when there is none to be seen."""
        try:
            ids = numbers(self._client.get("/me/notification/email/history"), "the list of mails")
            mails = [self._mail(number) for number in ids[::-1][:_MAILS]]
        except (ForbiddenError, NotFoundError):
            return None  # the API of the US has no such route, and the right to it is not always given
        since = self._client.now() - _REQUEST_HOLDS
        return next((utc(mail["date"]) for mail in mails if asks_confirmation(mail, okms_id, since)), None)

    def request(self, okms_id: str) -> None:
        """First step."""
        self._services.request_termination(self._services.require(okms_id, self._patience))

    def confirm(self, okms_id: str, token: str) -> None:
        """Second step."""
        self._services.confirm_termination(self._services.require(okms_id, self._patience), token)
        self._wait(okms_id)

    def directly(self, okms_id: str) -> None:
        """Both steps at once, for accounts that may."""
        try:
            self._services.terminate(self._services.require(okms_id, self._patience))
        except ForbiddenError as error:
            note = "Omit terminate_directly to terminate in two steps, by mail"
            raise extended(error, f"{error.message}. {note}") from error
        self._wait(okms_id)

    def _wait(self, okms_id: str) -> None:
        def gone() -> bool:
            state = self._domains.get(okms_id)
            return state is None or self.ended(state)

        wait_for(gone, bool, f"termination of OKMS {okms_id}", self._patience, okms_id=okms_id)

    def _mail(self, number: int) -> dict[str, t.Any]:
        try:
            return dict(record(self._client.get(api_path("/me/notification/email/history/{}", number)), "a mail").raw)
        except NotFoundError:
            return {}


def asks_confirmation(mail: t.Mapping[str, t.Any], okms_id: str, since: datetime.datetime) -> bool:
    """Whether a mail asks to confirm the termination of this domain and is not too old: pure."""
    body = str(mail.get("body") or "")
    # by its link, as Terraform's provider of OVHcloud finds it: no source has the rest of the mail
    if okms_id not in body or "/billing/confirmTerminate" not in body:
        return False
    try:
        return parse_time(str(mail.get("date"))) >= since
    except (ValueError, OverflowError):
        return False
