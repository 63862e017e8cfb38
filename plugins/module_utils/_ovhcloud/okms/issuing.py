# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issue a credential so that nothing is lost with an answer: the key is stored before the certificate is awaited."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import public_key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import Reserved, read_text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.leaving import uninterrupted
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import check_file, check_folder
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    extended,
    one_line,
    outcome_unknown,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.credentials import Credentials

_LOOKS_AFTER_LOSS = 5
_ROOM = 16384  # taken before OKMS makes a key; keys have up to four kilobytes


class Issuer:
    """Issues credentials of one domain."""

    def __init__(self, credentials: Credentials, patience: Patience) -> None:
        self._credentials = credentials
        self._patience = patience

    def issue(self, body: t.Mapping[str, t.Any], known: t.Collection[str], key_path: str | None) -> str:
        """Id of the new credential; a key made by OKMS is in `key_path` when this returns.

        `known` holds the ids that existed before, to recognise the new one after a lost answer.
        """
        if key_path is None:
            return self._issue(body, known)[0]
        check_key_path(key_path)
        file = Reserved(key_path, _ROOM)
        try:
            # OKMS gives the key once
            with uninterrupted():
                credential_id, private_key = self._issue(body, known)
                self._store(credential_id, private_key, file)
        finally:
            file.drop()
        return credential_id

    def _issue(self, body: t.Mapping[str, t.Any], known: t.Collection[str]) -> tuple[str, str | None]:
        try:
            return self._credentials.issue(body)
        except CollectionError as error:
            if not outcome_unknown(error):
                raise
            return self._look_after_loss(error, body, known), None

    def ready(self, credential_id: str) -> State:
        """Wait for the certificate (patience.wait false: look once)."""

        def look() -> State:
            state = self._credentials.get(credential_id)
            if state is None:
                raise ConflictError(
                    f"credential {credential_id} disappeared before it was ready", credential_id=credential_id
                )
            return state

        def is_ready(state: State) -> bool:
            if state["status"] not in ("CREATING", "READY"):
                raise ConflictError(
                    f"credential {credential_id} ended in state {one_line(str(state['status']))}: revoke it "
                    "(state=absent with credential_id) and run again",
                    credential_id=credential_id,
                )
            return bool(state["status"] == "READY" and state["certificate"])

        what = f"certificate of credential {credential_id}"
        return wait_for(
            look, is_ready, what, self._patience, lambda state: state["status"], credential_id=credential_id
        )

    def checked(self, state: State, key: str | None) -> State:
        """The state of a credential whose certificate, if there, has this public key."""
        if state["certificate"] and state["public_key_sha256"] != key:
            raise ConflictError(
                f"the certificate of credential {state['id']} has another public key ({state['public_key_sha256']}) "
                f"than asked for ({key}): revoke it (state=absent with credential_id) and run again",
                credential_id=state["id"],
            )
        return state

    def revoke(self, credential_id: str) -> None:
        """Revoke and wait until it is gone."""
        self._credentials.revoke(credential_id)

        def gone(state: State | None) -> bool:
            return state is None

        wait_for(
            lambda: self._credentials.get(credential_id),
            gone,
            f"removal of credential {credential_id}",
            self._patience,
            lambda state: state["status"] if state else "gone",
            credential_id=credential_id,
        )

    def _look_after_loss(self, error: CollectionError, body: t.Mapping[str, t.Any], known: t.Collection[str]) -> str:
        patience = self._patience.briefly(_LOOKS_AFTER_LOSS)

        def look() -> list[State]:
            return [
                state
                for state in self._credentials.every()
                if state["id"] not in known
                and state["name"] == body["name"]
                and state["identity_urns"] == body["identityURNs"]
            ]

        try:
            found = [state["id"] for state in wait_for(look, bool, f"credential {body['name']}", patience)]
        except CollectionError:
            note = "No new credential is visible; rerun: the next run looks for it before it issues one"
            raise extended(error, f"{error.message}. {note}") from error
        if "csr" in body and len(found) == 1:
            return str(found[0])
        raise extended(
            error,
            f"{error.message}. Credential {', '.join(found)} was issued meanwhile, but "
            + (
                "it is unclear which one belongs to this run"
                if "csr" in body
                else "its private key is lost with the answer"
            )
            + ": revoke it (state=absent with credential_id) and run again",
            orphan_credential_ids=found,
        ) from error

    @staticmethod
    def _store(credential_id: str, private_key: str | None, file: Reserved) -> None:
        note = f"revoke credential {credential_id} (state=absent with credential_id) and run again"
        if not private_key:
            raise ConflictError(f"OKMS gave no private key for credential {credential_id}: {note}")
        old = "the previous key still exists" if os.path.lexists(file.path) else "there was no key before"
        try:
            file.fill(private_key)
        except InvalidInputError as error:
            raise ConflictError(
                f"the private key of OKMS is lost: {error.message}; {old}. Next: {note}",
                orphan_credential_ids=[credential_id],
            ) from error
        try:
            put_key(file)
        except InvalidInputError as error:
            new = file.keep()  # the only copy of the key
            raise ConflictError(
                f"{error.message}; {old}. The new key, of credential {credential_id}, is in {new}: move it to "
                f"{file.path} and run again",
                orphan_credential_ids=[credential_id],
            ) from error


def key_in(key_path: str) -> str | None:
    """SHA-256 of the public key of a private key file; None when there is no file. Raises InvalidInputError."""
    if not os.path.lexists(key_path):
        return None
    return public_key_of(read_text(key_path, "private_key_path"), name=f"private_key_path {key_path}")


def check_key_path(key_path: str) -> None:
    """Raise before the key exists when it could not be stored."""
    name, path = "private_key_path", os.path.abspath(key_path)
    check_file(name, path)
    check_file(name, f"{path}.previous")
    if not os.path.isdir(os.path.dirname(path)):
        raise InvalidInputError(f"{name}: {path} must name a file in an existing folder")
    check_folder(name, os.path.dirname(path))


def put_key(file: Reserved) -> None:
    """Let a completely written key take its place; the one that was there, perhaps in use, is kept beside it."""
    previous = f"{file.path}.previous"
    kept = os.path.lexists(file.path)
    try:
        if kept:
            os.replace(file.path, previous)
        file.put()
    except (InvalidInputError, OSError) as error:
        if kept and not os.path.lexists(file.path):
            os.replace(previous, file.path)
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"cannot write {previous}: {error.strerror}", path=file.path) from error
