# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An OKMS credential as the module okms_credential brings it into a state: issued, revoked."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    public_key_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import (
    CERTIFICATE,
    REQUEST,
    normalise,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import PemFile, pem_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import warn_of_leftovers
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.credentials import (
    CREDENTIAL_FIELDS,
    CREDENTIAL_VOLATILE,
    Credentials,
    check_credential_request,
    creation_body,
    lost_key,
    new_credential,
    refuse_revocation,
    select_credential,
    to_revoke,
    usable_others,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.issuing import (
    Issuer,
    check_key_path,
    key_in,
)


def prepare(params: dict[str, t.Any]) -> None:
    """Take the CSR from its file, and check the file for the certificate; InvalidInputError before any request."""
    if params["state"] == "absent":
        params["certificate_path"] = None
        return
    params["csr"] = pem_of(params, "csr", REQUEST) or params["csr"]
    key_path = params["private_key_path"] = given(params["private_key_path"])
    if params["csr"] is None and key_path is None:
        params["csr"] = ""  # a blank csr_path means the same: a request that does not exist yet
    params["certificate_path"] = given(params["certificate_path"])
    file = certificate_file(params)
    if file:
        if key_path and os.path.realpath(key_path) == os.path.realpath(file.path):
            raise InvalidInputError(
                f"certificate_path and private_key_path are the same file, {file.path}; name one file for each"
            )
        file.check()
        params["certificate_path"] = file.path


def certificate_file(params: t.Mapping[str, t.Any]) -> PemFile | None:
    """Where the certificate must be, if anywhere."""
    path = params["certificate_path"]
    return PemFile(path, "certificate_path", CERTIFICATE, 0o644) if path else None


def _canonical(state: State) -> str:
    return normalise(state["certificate"], CERTIFICATE, "certificate of OKMS")


# what to do about an option that check mode may leave empty
_NEXT_STEPS = {
    "okms_id": "give the id of a domain, as okms_info returns it",
    "csr": "give a request. key_provider_csr returns one only while it is pending; renew: true starts a renewal",
}


class OkmsCredential(Resource):
    """One credential of a domain, decided by its name, identities and key."""

    result_key = "credential"
    fields = CREDENTIAL_FIELDS
    volatile = CREDENTIAL_VOLATILE

    def __init__(self, context: Context, client: Client) -> None:
        self.params = context.params
        self.warn = context.warn
        self.credentials = Credentials(client, context.params["okms_id"])
        self.issuer = Issuer(self.credentials, Patience.of(context.params))
        self.file = certificate_file(context.params)
        self.csr: str | None = None
        self.key: str | None = None
        self.listed: list[State] = []
        self.chosen: str | None = None
        self.lacks_policy: bool | None = None

    def read(self) -> State | None:
        if self.params["state"] == "absent":
            return self._unwanted()
        if self.params["identity_urns"] is None:
            self.params["identity_urns"] = self._own_identities()
        check_credential_request(self.params)
        if self.params["credential_id"]:
            raise InvalidInputError("credential_id is only for state=absent; present decides by name and key")
        if self.params["csr"]:
            self.csr = self.params["csr"]
            self.key = public_key_of(self.csr)
        elif self.params["private_key_path"]:
            check_key_path(self.params["private_key_path"])
            warn_of_leftovers(self.params["private_key_path"], self.warn)
            self.key = key_in(self.params["private_key_path"])
        if not self.params["okms_id"]:
            return None
        self.listed = self.credentials.every()
        found = select_credential(self.listed, self.params, self.key, self.params["csr"] is not None)
        if found is None:
            self._warn_of_lost_key()
            return None
        self.chosen = found["id"]
        return self._shown(found)

    def _own_identities(self) -> list[str]:
        identities, self.lacks_policy = self.credentials.caller()
        if any(":identity:account:" in urn for urn in identities):
            self.warn(
                "no identity_urns given: the certificate acts as the account itself, which no IAM policy "
                "restricts; prefer a separate identity"
            )
        if self.lacks_policy:
            self.warn(
                f"no identity_urns given: the certificate acts as {', '.join(identities)}, which has no IAM "
                "policy with the okms:kmip actions on the domain, so OKMS refuses it on KMIP (bad certificate). "
                "Create one with the module iam_policy, or name an identity that has one; a new policy takes up "
                "to a minute"
            )
        return identities

    def _unwanted(self) -> State | None:
        try:
            return self._to_revoke()
        except (NotFoundError, ServiceExpiredError):
            return None  # the credentials of a domain end with it

    def _to_revoke(self) -> State | None:
        credential_id, name = self.params["credential_id"], self.params["name"]
        if not self.params["okms_id"]:
            return None
        if credential_id:
            found = self.credentials.get(credential_id)
            if found and name not in (None, found["name"]):
                raise InvalidInputError(f"credential {credential_id} is called {found['name']!r}, not {name!r}")
            return found if found and found["status"] != "DELETING" else None
        self.listed = self.credentials.every()
        return to_revoke(self.listed, name)

    def _warn_of_lost_key(self) -> None:
        path = self.params["private_key_path"]
        if path is None or self.key is not None:
            return
        orphans = ", ".join(lost_key(self.listed, self.params["name"]))
        if orphans:
            self.warn(
                f"{path} does not exist, so the key of credential {orphans} is unavailable: another one is "
                "issued; revoke the old one if its key is lost"
            )

    def _shown(self, state: State) -> State:
        key_path = None if state["from_csr"] else self.params["private_key_path"]
        kept = self.file is not None and bool(state["certificate"]) and self.file.holds(_canonical(state))
        return {
            **state,
            "private_key_path": key_path,
            "certificate_path": self.params["certificate_path"] if kept else None,
        }

    def wanted(self, before: State | None) -> State:
        if before is None:
            return new_credential(self.params, self.key)
        return {"status": "READY", **({"certificate_path": self.params["certificate_path"]} if self.file else {})}

    def guard(self, plan: Plan) -> None:
        if plan.verb == "delete":
            refuse_revocation(plan.before, self.params)

    def apply(self, plan: Plan) -> State:
        return self._create(plan) if plan.verb == "create" else self._update(plan)

    def _create(self, plan: Plan) -> State:
        for option, step in _NEXT_STEPS.items():
            if self.params[option] == "":
                raise InvalidInputError(f"{option} is empty: a credential cannot be issued without it; {step}")
        known = [state["id"] for state in self.listed]
        body = creation_body(self.params, self.csr)
        self.chosen = self.issuer.issue(body, known, self.params["private_key_path"])
        return self._checked(self.issuer.ready(self.chosen))

    def _update(self, plan: Plan) -> State:
        state = self.issuer.ready(plan.before["id"])
        if state["certificate"] and state["public_key_sha256"] != self.key:
            # another run's request had the same name
            return self._create(plan)
        return self._checked(state)

    def _checked(self, state: State) -> State:
        key = self.key if self.csr else key_in(self.params["private_key_path"])
        checked = self.issuer.checked(state, key)
        if self.file and checked["certificate"] and not self.file.holds(_canonical(checked)):
            self.file.write(_canonical(checked))
        return self._shown(checked)

    def delete(self, plan: Plan) -> None:
        if plan.before["status"] == "CREATING":
            # OKMS refuses to revoke one that it is still making (schema v2/okms, error CredentialStatusInvalid)
            self.issuer.ready(plan.before["id"])
        self.issuer.revoke(plan.before["id"])

    def extras(self) -> dict[str, t.Any]:
        if self.params["state"] == "absent":
            return {"lacks_policy": None, "replaced": []}
        replaced = usable_others(self.listed, self.params["name"], self.chosen)
        return {"lacks_policy": self.lacks_policy, "replaced": replaced}
