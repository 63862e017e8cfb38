# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control port of a running lab: plain HTTP and JSON for other processes. No secret leaves through it."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from .control_machines import MachineControl, machines_state
from .faults import FaultRule
from .pki import thumbprints
from .second_cloud import MoveRefusedError
from .web import Described, Request, Response

if t.TYPE_CHECKING:
    from .kmip import KmipServer
    from .lab import Lab

Answer = t.Callable[..., t.Any]


class BadRequestError(Exception):
    """The caller asked for something that does not exist or cannot be."""


def _since(request: Request) -> int:
    return int(request.query.get("since", 0))


def _body(request: Request) -> t.Any:
    return json.loads(request.body or b"{}")


def kmip_state(server: KmipServer) -> dict[str, t.Any]:
    """What a KMIP server holds and has seen; ids and counts, no key material."""
    seen: dict[str, dict[str, int]] = {}
    for subject, operation in server.seen:
        row = seen.setdefault(subject, {})
        row[operation] = row.get(operation, 0) + 1
    return {
        "host": server.host,
        "port": server.address[1],
        "running": server.running,
        "login_wanted": server.login is not None,
        "certificates_sent": server.door.chain_pem.count("BEGIN CERTIFICATE"),
        "sha1": thumbprints(server.server_certificate_pem)["sha1"],
        "sha256": thumbprints(server.server_certificate_pem)["sha256"],
        "objects": server.object_count(),
        "keys": server.keys(),
        "seen": seen,
    }


def lab_state(lab: Lab) -> dict[str, t.Any]:
    """Everything a test or a demonstration wants to count, without secrets."""
    account = lab.ovhcloud.state
    clouds = account.pccs.values()
    return {
        "clock": {"now": lab.clock.now().isoformat(), "offset": lab.clock.offset},
        "orders": [
            {"id": order.order_id, "status": order.status, "domain": order.domain} for order in account.orders.values()
        ],
        "payments": [
            {"order": order.order_id, "with": order.paid_with} for order in account.orders.values() if order.paid_with
        ],
        "okms": [
            {"id": domain.okms_id, "name": domain.display_name, "region": domain.region, "state": domain.state}
            for domain in account.okms.values()
        ],
        "credentials": [
            {
                "okms_id": domain.okms_id,
                "id": credential.credential_id,
                "name": credential.name,
                "status": credential.status,
                "from_csr": credential.from_csr,
                "expires": credential.expires.isoformat(),
            }
            for domain in account.okms.values()
            for credential in domain.credentials.values()
        ],
        "policies": [
            {"name": policy["name"], "identities": policy["identities"]} for policy in account.policies.values()
        ],
        "kms_entries": [
            {
                "private_cloud": cloud.name,
                "id": entry.kms_id,
                "ip": entry.ip,
                "port": entry.port,
                "state": entry.state,
                "flow_open": entry.flow_open,
                "thumbprint": entry.thumbprint,
            }
            for cloud in clouds
            for entry in cloud.kms.values()
        ],
        "users": [
            {
                "private_cloud": cloud.name,
                "id": user.user_id,
                "name": user.name,
                "encryption_right": user.encryption_right,
            }
            for cloud in clouds
            for user in cloud.users.values()
        ],
        "providers": lab.provider_overview(),
        "machines": machines_state(lab),
        "kmip": {name: kmip_state(server) for name, server in lab.kmip_servers().items()},
    }


class Control:
    """The application behind the control port."""

    system = "control"

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        uuid = r"([0-9a-fA-F-]{36})"
        self._routes: list[tuple[str, re.Pattern[str], Answer]] = [
            ("GET", re.compile(r"/journal"), self._journal),
            ("GET", re.compile(r"/journal/summary"), self._summary),
            ("GET", re.compile(r"/mark"), lambda request: {"mark": lab.journal.mark()}),
            ("GET", re.compile(r"/state"), lambda request: lab.snapshot()),
            ("POST", re.compile(r"/clock"), self._clock),
            ("POST", re.compile(r"/faults"), self._faults),
            ("DELETE", re.compile(r"/faults"), lambda request: lab.faults.clear()),
            ("POST", re.compile(rf"/okms/{uuid}/credential/{uuid}/revoke"), self._revoke),
            ("POST", re.compile(r"/kms-certificate/renew"), self._renew),
            ("POST", re.compile(r"/kms/(\w+)/(start|stop)"), self._switch),
            ("POST", re.compile(r"/external-kms/trust"), self._trust),
            ("POST", re.compile(r"/external-kms/sign"), self._sign),
            ("POST", re.compile(r"/vcenter/settings"), self._settings),
            ("POST", re.compile(r"/vcenter/lose-providers"), lambda request: lab.vcenter.lose_providers()),
            ("POST", re.compile(r"/clouds"), self._second_cloud),
            ("POST", re.compile(r"/clouds/([\w-]+)/machines/([^/]+)"), self._take_over),
            ("POST", re.compile(r"/stop"), lambda request: lab.stopping.set()),
            *MachineControl(lab).routes,
        ]

    def describe(self, request: Request) -> Described:
        """Outside journal and faults."""
        return Described("", "read")

    def refusal(self, request: Request) -> Response:
        """Never asked for: no fault rule reaches this port."""
        return self._json(403, {"error": "refused"})

    def failure(self, request: Request, rule: FaultRule) -> Response:
        """Never asked for: no fault rule reaches this port."""
        return self._json(rule.status, {"error": "failed"})

    def handle(self, request: Request) -> Response:
        """Find the route and answer in JSON."""
        routes = self._routes
        paths = [(method, found, answer) for method, path, answer in routes if (found := path.fullmatch(request.path))]
        if not paths:
            return self._json(404, {"error": f"nothing at {request.path}"})
        for method, found, answer in paths:
            if method == request.method:
                try:
                    return self._json(200, answer(request, *found.groups()))
                except (BadRequestError, KeyError, TypeError, ValueError) as exc:
                    return self._json(400, {"error": f"{type(exc).__name__}: {exc}"})
        return self._json(405, {"error": f"{request.method} is not for {request.path}"})

    @staticmethod
    def _json(status: int, data: t.Any) -> Response:
        return Response(status, json.dumps(data).encode() + b"\n", {"Content-Type": "application/json"})

    def _journal(self, request: Request) -> t.Any:
        return {"entries": self._lab.journal.as_data(_since(request)), "mark": self._lab.journal.mark()}

    def _summary(self, request: Request) -> t.Any:
        return {"summary": self._lab.journal.summary(_since(request)), "mark": self._lab.journal.mark()}

    def _clock(self, request: Request) -> t.Any:
        self._lab.clock.advance(float(_body(request)["advance"]))
        return {"now": self._lab.clock.now().isoformat(), "offset": self._lab.clock.offset}

    def _faults(self, request: Request) -> t.Any:
        """One rule, or {"rules": [...]}; the fields are those of FaultRule."""
        body = _body(request)
        rules = [FaultRule(**rule) for rule in body.get("rules", [body])]
        for rule in rules:
            self._lab.faults.add(**dataclasses.asdict(rule))
        return {"rules": len(rules)}

    def _settings(self, request: Request) -> t.Any:
        """Fields of VCenterSettings that have numbers, such as {"reconfigure_polls": 4}."""
        settings, changes = self._lab.vcenter.settings, _body(request)
        for name, value in changes.items():
            if not hasattr(settings, name) or isinstance(value, bool) or not isinstance(value, (int, float)):
                raise BadRequestError(f"not a setting of vCenter that is a number: {name}={value!r}")
        for name, value in changes.items():
            setattr(settings, name, value)
        return changes

    def _second_cloud(self, request: Request) -> t.Any:
        """One more private cloud; how to reach its vCenter stands in a file of the lab, because it is a secret."""
        cloud = self._lab.second_cloud(**_body(request))
        return {"private_cloud": cloud.private_cloud, "file": cloud.connection_file()}

    def _take_over(self, request: Request, name: str, machine: str) -> t.Any:
        """A VM moves to the vCenter of that private cloud, or the answer says why it cannot."""
        cloud = next((one for one in self._lab.clouds if one.private_cloud == name), None)
        if cloud is None:
            raise BadRequestError(f"no further private cloud {name}")
        try:
            cloud.take_over(self._lab.vcenter.inventory.vm(machine))
        except MoveRefusedError as error:
            return {"moved": False, "reason": str(error)}
        return {"moved": True}

    def _revoke(self, request: Request, okms_id: str, credential_id: str) -> t.Any:
        domain = self._lab.ovhcloud.state.okms.get(okms_id)
        if domain is None or credential_id not in domain.credentials:
            raise BadRequestError(f"no credential {credential_id} in {okms_id}")
        self._lab.ovhcloud.revoke_credential(okms_id, credential_id)
        return {"revoked": credential_id}

    def _renew(self, request: Request) -> t.Any:
        """A new certificate for a KMIP server: `server` is okms, kms1 or kms2, okms if not given."""
        server = self._server(_body(request).get("server", "okms"))
        server.replace_server_certificate()
        return thumbprints(server.server_certificate_pem)

    def _server(self, name: str) -> KmipServer:
        server = self._lab.kmip_servers().get(name)
        if server is None:
            raise BadRequestError(f"no KMIP server {name!r}")
        return server

    def _switch(self, request: Request, name: str, action: str) -> t.Any:
        """Stop a KMIP server, or start it again on its port."""
        server = self._server(name)
        if action == "stop":
            server.stop()
        else:
            server.start()
        return {"server": name, "running": server.running}

    def _trust(self, request: Request) -> t.Any:
        """Import a client `certificate` (PEM), as the operator of the external KMS does."""
        certificate = _body(request)["certificate"]
        self._lab.external_kms.trust_client_certificate(certificate)
        return thumbprints(certificate)

    def _sign(self, request: Request) -> t.Any:
        """The certificate (PEM) that the team's authority gives for a `csr`."""
        return {"certificate": self._lab.external_sign(_body(request)["csr"])}
