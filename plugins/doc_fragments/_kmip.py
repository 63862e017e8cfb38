# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the connection to a KMIP server."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors connection() of module_utils/_kmip/spec.py."""

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Host name or address of the KMIP server, for example C(eu-west-rbx.okms.ovh.net).
      - If it is not given, the environment variable E(KMIP_HOST) is used.
      - An empty value counts as not given; a host is required.
    type: str
  port:
    description:
      - TCP port of the KMIP server. For OKMS, vCenter uses V(5697).
      - If it is not given, the environment variable E(KMIP_PORT) is used.
    type: int
    default: 5696
  server_name:
    description:
      - Name for which the server's certificate must be valid. The module also sends it to the server (SNI).
      - Required if O(host) is an address that is not in the certificate. The default is O(host).
    type: str
  ca:
    description:
      - Certificates (PEM) of the trusted authorities, or of the server itself.
      - Every form of PEM is accepted, with line breaks, with C(\n) in their place, or on one line.
    type: str
  ca_path:
    description:
      - File with the content of O(ca), which takes precedence if both are given.
      - If it is not given, the environment variable E(KMIP_CA_PATH) is used.
    type: path
  thumbprints:
    description:
      - Accepted thumbprints of the server's own certificate, SHA-256 (64 hexadecimal digits) or SHA-1 (40), with or
        without colons. One of them must match.
      - With O(ca) or O(ca_path), chain, dates and name must be valid too. Without them, the thumbprint alone decides,
        and the module verifies neither chain, dates nor name.
      - Prefer SHA-256. A certificate with the same SHA-1 thumbprint can be forged.
    type: list
    elements: str
  client_certificate:
    description:
      - Client certificate (PEM), with its intermediate authorities if there are any. Requires O(client_private_key) or
        O(client_private_key_path).
    type: str
  client_certificate_path:
    description:
      - File with the content of O(client_certificate), which takes precedence if both are given.
      - If it is not given, the environment variable E(KMIP_CLIENT_CERTIFICATE_PATH) is used.
    type: path
  client_private_key:
    description: Private key (PEM) of the client certificate.
    type: str
  client_private_key_path:
    description:
      - File with the content of O(client_private_key), which takes precedence if both are given.
      - If it is not given, the environment variable E(KMIP_CLIENT_PRIVATE_KEY_PATH) is used.
    type: path
  client_private_key_passphrase:
    description:
      - Passphrase of an encrypted private key.
      - If it is not given, the environment variable E(KMIP_CLIENT_PRIVATE_KEY_PASSPHRASE) is used.
    type: str
  username:
    description:
      - KMIP user name, for servers that ask for one in addition to the certificate. Requires O(password).
      - If it is not given, the environment variable E(KMIP_USERNAME) is used.
    type: str
  password:
    description:
      - Password of the KMIP user.
      - If it is not given, the environment variable E(KMIP_PASSWORD) is used.
    type: str
  connect_timeout:
    description: Longest time to establish one connection, in seconds.
    type: float
    default: 10
  timeout:
    description: Time-out for a server's whole answer, up to its last byte, in seconds.
    type: float
    default: 30
requirements:
  - cryptography >= 38.0
  - pykmip >= 0.11.0, only with a client certificate or user name
notes:
  - TLS 1.2 is the oldest supported version.
  - Without O(ca), O(ca_path) and O(thumbprints), the module trusts the authorities of the host on which it runs.
  - O(client_private_key) exists as a file only while it is loaded, readable only by its owner.
"""
