# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication: signature v1, OAuth2 client credentials, bearer tokens, and the /auth calls."""

from __future__ import annotations

import base64
import binascii
import datetime
import fnmatch
import hashlib
import hmac
import json
import secrets
import typing as t
import urllib.parse

from ..web import Request, Response
from .contracts import Operation
from .core import Area, Call, serves, stamp
from .errors import bad_request, error, old_error
from .state import Application, ConsumerKey, Identity, ServiceAccount, Token

TOKEN_PATH = "/auth/oauth2/token"


class Auth(Area):
    """Who calls, and may they."""

    def identify(self, request: Request) -> Identity | None:
        """The identity a request claims, unproven; only to name the caller in the journal."""
        scheme, _separator, value = self._login(request).partition(" ")
        if scheme.lower() == "bearer" and value in self.state.tokens:
            return self.state.tokens[value].identity
        key = self.state.consumer_keys.get(request.headers.get("X-Ovh-Consumer", ""))
        return key.identity if key else None

    def authenticate(self, request: Request, operation: Operation) -> Identity | None:
        """The proven identity; None on an anonymous call to an operation that allows it."""
        headers, login = request.headers, self._login(request)
        if operation.version == 3 and not login:
            raise error(
                401
            )  # guide "Authentication methods": tokens, or certificates, which the lab takes over KMIP only
        if login:
            return self._bearer(login)
        if headers.get("X-Ovh-Consumer"):
            return self._signed(request, operation)
        if headers.get("X-Ovh-Application"):
            self._application(headers["X-Ovh-Application"])
        if operation.anonymous:
            return None
        raise error(401)

    @staticmethod
    def _login(request: Request) -> str:
        """The header with the token; the one that clients of Vault send counts where they may come."""
        vault = request.headers.get("X-Vault-Token") if "/v1/secret/" in request.path else None
        return f"Bearer {vault}" if vault else str(request.headers.get("Authorization", ""))

    def _bearer(self, header: str) -> Identity:
        scheme, _separator, value = header.partition(" ")
        token = self.state.tokens.get(value)
        if scheme.lower() != "bearer" or token is None:
            raise error(401)
        if token.expires is not None and self.core.clock.time() >= token.expires:
            raise error(401)
        return token.identity

    def _application(self, key: str) -> Application:
        application = self.state.applications.get(key)
        if application is None:
            raise old_error(403, "INVALID_KEY", "This application key is invalid")
        return application

    def _signed(self, request: Request, operation: Operation) -> Identity:
        headers = request.headers
        application = self._application(headers.get("X-Ovh-Application", ""))
        consumer = self.state.consumer_keys.get(headers["X-Ovh-Consumer"])
        if consumer is None or consumer.application is not application:
            raise old_error(403, "INVALID_CREDENTIAL", "This credential does not exist")
        try:
            moment = int(headers.get("X-Ovh-Timestamp", ""))
        except ValueError:
            raise old_error(400, "INVALID_SIGNATURE", "Invalid signature") from None
        if abs(self.core.clock.time() - moment) > self.core.settings.signature_window:
            raise old_error(400, "QUERY_TIME_OUT", "Query out of time")
        parts = [application.secret, consumer.key, request.method, request.url]
        signed = "+".join(parts).encode() + b"+" + request.body + f"+{moment}".encode()
        expected = "$1$" + hashlib.sha1(signed).hexdigest()
        if not hmac.compare_digest(expected.encode(), headers.get("X-Ovh-Signature", "").encode("utf-8", "replace")):
            raise old_error(400, "INVALID_SIGNATURE", "Invalid signature")
        asks_for_itself = operation.name == "GET /auth/currentCredential"
        if not (asks_for_itself and self.core.settings.credential_status_readable):
            self._usable(consumer)
        self._granted(consumer, operation, request.path)
        return consumer.identity

    def _usable(self, consumer: ConsumerKey) -> None:
        self._age(consumer)
        if consumer.status != "validated":
            raise old_error(403, "NOT_CREDENTIAL", "This credential is not valid")
        consumer.last_use = self.core.now()

    def _age(self, consumer: ConsumerKey) -> None:
        if consumer.expires and self.core.now() >= consumer.expires and consumer.status == "validated":
            consumer.status = "expired"

    @staticmethod
    def _granted(consumer: ConsumerKey, operation: Operation, raw_path: str) -> None:
        path = "/" + urllib.parse.unquote(raw_path).lstrip("/").partition("/")[2]
        path = f"/v2{path}" if operation.version == 2 else path
        # the calls about the credential itself are always open
        if path.startswith("/auth/"):
            return
        for method, pattern in consumer.rules:
            if method == operation.method and fnmatch.fnmatchcase(path, pattern.replace("[", "[[]")):
                return
        raise old_error(403, "NOT_GRANTED_CALL", "This call has not been granted")

    # --- OAuth2 token endpoint (RFC 6749, 4.4 and 5.2)

    def token_answer(self, request: Request) -> Response:
        """Answer of the token endpoint."""
        status, body = self._token(request)
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="oauth2"'
        return Response(status, json.dumps(body).encode(), headers)

    def _token(self, request: Request) -> tuple[int, dict[str, t.Any]]:
        def refusal(status: int, code: str, text: str) -> tuple[int, dict[str, t.Any]]:
            return status, {"error": code, "error_description": text}

        if request.method != "POST":
            return refusal(405, "invalid_request", "Use POST")
        form = dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials":
            return refusal(400, "unsupported_grant_type", "The grant type is not supported")
        client_id, secret = _client_of(request, form)
        client = self.state.service_accounts.get(client_id)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            return refusal(401, "invalid_client", "Client authentication failed")
        if form.get("scope", "all") != "all":
            return refusal(400, "invalid_scope", "The requested scope is invalid")
        lifetime = self.core.settings.token_lifetime
        token = self.add_token(client.identity, lifetime)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": "all"}

    # --- making credentials

    def add_application(self) -> Application:
        """A new application key pair."""
        application = Application(self.core.number("application", 4100), secrets.token_hex(8), self.core.secret())
        self.state.applications[application.key] = application
        return application

    def add_consumer_key(
        self,
        application: Application,
        identity: Identity,
        rules: t.Iterable[tuple[str, str]],
        lifetime: float | None = None,
        status: str = "validated",
    ) -> ConsumerKey:
        """A new consumer key; `lifetime` in seconds, None for unlimited."""
        now = self.core.now()
        expires = now + datetime.timedelta(seconds=lifetime) if lifetime is not None else None
        number = self.core.number("credential", 880001)
        key = ConsumerKey(number, self.core.secret(), application, identity, list(rules), now, expires, status=status)
        self.state.consumer_keys[key.key] = key
        return key

    def add_service_account(self, name: str, allowed: list[str] | None) -> ServiceAccount:
        """A new OAuth2 client with its identity."""
        client_id = f"EU.{secrets.token_hex(8)}"
        urn = f"urn:v1:eu:identity:credential:{self.state.account.nichandle}/oauth2-{client_id}"
        identity = Identity(urn, "oauth2_client_credentials", None, name, allowed)
        self.state.identities[urn] = identity
        account = ServiceAccount(client_id, self.core.secret(), identity, name, self.core.now())
        self.state.service_accounts[client_id] = account
        return account

    def add_token(self, identity: Identity, lifetime: float | None = None) -> str:
        """A new bearer token; `lifetime` in seconds, None for unlimited."""
        value = self.core.secret(64)
        expires = None if lifetime is None else self.core.clock.time() + lifetime
        self.state.tokens[value] = Token(value, identity, expires)
        return value

    # --- calls

    @serves("GET /auth/time")
    def time(self, call: Call) -> int:
        """The server's clock."""
        return int(self.core.clock.time())

    @serves("GET /auth/details")
    def details(self, call: Call) -> dict[str, t.Any]:
        """The caller."""
        consumer = self.state.consumer_keys.get(call.request.headers.get("X-Ovh-Consumer", ""))
        routes = [{"method": method, "path": path} for method, path in consumer.rules] if consumer else None
        return {
            "account": self.state.account.nichandle,
            "allowedRoutes": routes,
            "description": call.caller.description,
            "identities": [call.caller.urn],
            "method": call.caller.method,
            "roles": None,
            "user": call.caller.user,
        }

    @serves("GET /auth/currentCredential")
    def current_credential(self, call: Call) -> dict[str, t.Any]:
        """The consumer key in use."""
        consumer = self.state.consumer_keys.get(call.request.headers.get("X-Ovh-Consumer", ""))
        if consumer is None:
            raise bad_request("This call needs an application key")
        self._age(consumer)
        return {
            "allowedIPs": None,
            "applicationId": consumer.application.application_id,
            "creation": stamp(consumer.created),
            "credentialId": consumer.credential_id,
            "expiration": stamp(consumer.expires),
            "lastUse": stamp(consumer.last_use),
            "ovhSupport": False,
            "rules": [{"method": method, "path": path} for method, path in consumer.rules],
            "status": consumer.status,
        }

    @serves("POST /auth/credential")
    def request_credential(self, call: Call) -> dict[str, t.Any]:
        """Ask for a consumer key that a human has to validate."""
        application = self._application(call.request.headers.get("X-Ovh-Application", ""))
        rules = [(rule.get("method", "GET"), rule.get("path", "/")) for rule in call.body["accessRules"]]
        key = self.add_consumer_key(application, self.state.root, rules, status="pendingValidation")
        url = f"https://www.ovh.test/auth/sso/api?credentialToken={self.core.secret(64)}"
        return {"consumerKey": key.key, "state": key.status, "validationUrl": url}

    @serves("POST /auth/logout")
    def logout(self, call: Call) -> None:
        """Give the credential back."""
        consumer = self.state.consumer_keys.get(call.request.headers.get("X-Ovh-Consumer", ""))
        if consumer:
            consumer.status = "expired"


def _client_of(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret, from the form or from HTTP Basic (RFC 6749, 2.3.1)."""
    scheme, _separator, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        user, _separator, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return urllib.parse.unquote_plus(user), urllib.parse.unquote_plus(secret)
