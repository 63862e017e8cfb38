# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the lab for other processes and for people: run this package with `python -m`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import secrets
import shlex
import signal
import sys
import time
import typing as t

from . import examples
from .key_servers import DOMAIN, ECDSA_PORT, REGIONS
from .lab import Lab, LabSettings
from .like import Like, NoFieldCheckError, like
from .names import VARIABLE
from .pki import thumbprints, write_private
from .vcenter import Inventory
from .vcenter.settings import RELEASES

LIMIT_SECONDS = 7200.0
POLL_SECONDS = 0.5


def arguments(argv: t.Sequence[str]) -> argparse.Namespace:
    """The command line."""
    about = "OVHcloud API, OKMS, an own key server and vCenter on loopback."
    parser = argparse.ArgumentParser(prog="lab", description=about)
    parser.add_argument("--state-file", help="write how to reach everything, as JSON that only you can read")
    parser.add_argument(
        "--for", dest="limit", type=float, default=LIMIT_SECONDS, help="seconds until it ends by itself"
    )
    parser.add_argument("--vcenter-version", default="8.0.3", choices=sorted(RELEASES))
    parser.add_argument("--like", metavar="FILE", help="behave as the role field_check has seen it and written there")
    parser.add_argument(
        "--external-kms-login", action="store_true", help="the own key servers also want a user name and a password"
    )
    parser.add_argument("--vms", type=int, help="a large inventory with so many virtual machines")
    parser.add_argument("--plain", action="store_true", help="six VMs only, without what the examples of README name")
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    return parser.parse_args(argv)


def state(lab: Lab) -> dict[str, t.Any]:
    """What another process needs to use the lab."""
    external, login = lab.external_kms, lab.external_kms.login
    certificate_path, key_path = lab.external_ca_files(lab.directory)
    return {
        "pid": os.getpid(),
        "environment": lab.environment(),
        "control_url": lab.control_url,
        "ca_path": lab.ca_path,
        "ovh": {
            "endpoint": lab.ovh_endpoint,
            "token_url": lab.token_url,
            "application_key": lab.application_key,
            "application_secret": lab.application_secret,
            "consumer_key": lab.consumer_key,
            "client_id": lab.client_id,
            "client_secret": lab.client_secret,
            "private_cloud": lab.private_cloud,
            "kmip_identity": lab.ovhcloud.state.account.users["vcenter-kmip"]["urn"],
        },
        "vcenter": {
            "hostname": lab.vcenter_hostname,
            "port": lab.vcenter_port,
            "username": lab.vcenter_username,
            "password": lab.vcenter_password,
        },
        "okms_kmip": _kmip(lab.okms_kmip, lab.okms_ca_path),
        "okms_addresses": {region: lab.okms_addresses(region) for region in REGIONS},
        "external_kms": [{"name": server.name, **_kmip(server, lab.external_ca_path)} for server in external],
        "external_kms_login": {"username": login[0], "password": login[1]} if login else None,
        "external_client_ca": {"certificate_path": certificate_path, "key_path": key_path},
        "variables_path": _variables_file(lab),
    }


def _variables_file(lab: Lab) -> str:
    """A file for a shell to source: the connection with its passwords, which only the one who started the lab reads."""
    path = os.path.join(lab.directory, "variables.sh")
    rows = sorted(lab.environment().items())
    write_private(path, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in rows))
    return path


def _kmip(server: t.Any, ca_path: str) -> dict[str, t.Any]:
    host, port = server.address
    pins = thumbprints(server.server_certificate_pem)
    return {"hostname": server.host, "ip": host, "port": port, "ca_path": ca_path, **pins}


def first_playbook(lab: Lab) -> list[str]:
    """Commands for another terminal, in any folder: connection, Ansible and collection of this checkout, a playbook."""
    programs, collections = pathlib.Path(sys.executable).parent, pathlib.Path(__file__).absolute().parents[5]
    return [
        f". {shlex.quote(_variables_file(lab))}",
        f"export PATH={shlex.quote(str(programs))}:$PATH ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(collections))}",
        "export ANSIBLE_CALLBACK_RESULT_FORMAT=yaml ANSIBLE_DISPLAY_SKIPPED_HOSTS=false",
        "ansible-playbook ovhcloud.vmware_encryption.preflight -e preflight_option=okms"
        f" -e preflight_private_cloud={lab.private_cloud} -e preflight_okms_region={lab.region}"
        f" -e preflight_vsphere_user={lab.vsphere_user_name} -e preflight_fail_on_blocking=false",
    ]


def explain(lab: Lab, limit: float) -> str:
    """How to reach each part, in plain words."""
    facts = state(lab)
    ovh, vcenter, okms, client_ca = facts["ovh"], facts["vcenter"], facts["okms_kmip"], facts["external_client_ca"]
    own = " and ".join("{name} at {hostname}:{port}".format(**server) for server in facts["external_kms"])
    login = facts["external_kms_login"]
    wanted = "\n  They also want the user {username} with password {password}.".format(**login) if login else ""
    rows = facts["okms_addresses"].items()
    regions = "\n".join(f"    {region}.{DOMAIN:14} {', '.join(addresses)}" for region, addresses in rows)
    variables = "\n".join(f"  export {name}='{value}'" for name, value in sorted(facts["environment"].items()))
    first = "\n".join(f"  {line}" for line in first_playbook(lab))
    return f"""\
The lab runs. It listens on this machine only, holds no real data, and every password in it was made up just now.

OVHcloud API   {ovh["endpoint"]}
  An account without OKMS, with a payment method and the private cloud {ovh["private_cloud"]}.
  Application key {ovh["application_key"]}, secret {ovh["application_secret"]}, consumer key {ovh["consumer_key"]}.
  Or a service account: {ovh["client_id"]}, secret {ovh["client_secret"]}, tokens from {ovh["token_url"]}.

vCenter        https://{vcenter["hostname"]}:{vcenter["port"]}/
  User {vcenter["username"]}, password {vcenter["password"]}.

OKMS over KMIP {okms["hostname"]}:{okms["port"]} (RSA, for vCenter) and port {ECDSA_PORT} (ECDSA); public CA of the
  former: {okms["ca_path"]}. It lets in the certificates that the OKMS of the API has issued for the
  account, for administrators, and for identities with an IAM policy for KMIP. Each region has addresses of its own:
{regions}

Names          {lab.network.table_path}
  Python in the environments that make has made resolves them while {VARIABLE} names that file (see below);
  other programs need the addresses, such as
  openssl s_client -connect {okms["ip"]}:{okms["port"]} -servername {okms["hostname"]}

Own key servers {own}: one cluster, its CA: {facts["external_kms"][0]["ca_path"]}
  They let in certificates of {client_ca["certificate_path"]} (its key: {client_ca["key_path"]}),
  and those that are imported: POST /external-kms/trust {{"certificate": PEM}} on the control port.{wanted}

All HTTPS servers are verified by {facts["ca_path"]}.

Control port   {facts["control_url"]}
  What happened: GET /journal and /journal/summary. How things are: GET /state.
  Bad days: POST /clock {{"advance": seconds}}, POST /faults {{"action": "drop_after", "operation": "POST *"}},
  DELETE /faults, POST /kms/kms1/stop and /kms/kms1/start.
  Machines: GET and POST /machines, POST /machines/vm1/power {{"state": "poweredOn"}}, POST and DELETE
  /machines/vm1/snapshots, POST /machine-faults {{"machine": "vm1", "kind": "half"}}.

For Ansible and the official clients, also in {facts["variables_path"]}:
{variables}

Your first playbook, in another terminal and in any folder; it changes nothing:
{first}
  The examples of README and of the guides work here as they stand: this vCenter has the folder DC0/vm/prod, the tags
  and the cluster that they name. Where they use kms-ca.pem, copy {facts["external_kms"][0]["ca_path"]}.

It ends with Ctrl-C, with POST /stop on the control port, or in {limit:.0f} seconds.
"""


def _gone(pid: int | None, child: bool) -> bool:
    if pid is None:
        return False
    if child:
        return os.getppid() != pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def wait(lab: Lab, limit: float, parent: int | None) -> None:
    """Stay until somebody stops the lab, the time is over, or the parent has gone."""
    child, end = os.getppid() == parent, time.monotonic() + limit
    while time.monotonic() < end and not _gone(parent, child):
        if lab.stopping.wait(min(POLL_SECONDS, max(0.0, end - time.monotonic()))):
            return


def _let_finish() -> None:
    """From here on the clean-up must not be interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def main(argv: t.Sequence[str]) -> int:
    """Run the lab until it is stopped."""
    options = arguments(argv)
    try:
        settings, left = _settings(options)
    except (NoFieldCheckError, OSError) as error:
        print(f"lab: --like: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        lab = stack.enter_context(Lab(settings))
        if not (options.plain or options.vms):
            examples.furnish(lab)
        text = explain(lab, options.limit)
        if options.state_file:
            # whole or not at all: other processes wait for this file
            half = f"{options.state_file}.part"
            write_private(half, json.dumps(state(lab), indent=2) + "\n")
            os.replace(half, options.state_file)
            stack.callback(_remove, options.state_file)
        stack.callback(_let_finish)
        print(text, *(f"Not played: {one}" for one in left), sep="\n", flush=True)
        wait(lab, options.limit, options.parent_pid)
    print("The lab has stopped.", flush=True)
    return 0


def _settings(options: argparse.Namespace) -> Like:
    """Settings of the lab, and what of the file of a field check it does not play."""
    found = like(options.like) if options.like else Like(LabSettings(options.vcenter_version), [])
    if options.external_kms_login:
        found.settings.external_kms_login = ("vcenter", secrets.token_urlsafe(16))
    found.settings.inventory = Inventory.fleet(options.vms) if options.vms else None
    return found


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
