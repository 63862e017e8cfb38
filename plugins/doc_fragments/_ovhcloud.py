# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options of the OVHcloud API."""

from __future__ import annotations


class ModuleDocFragment:
    """Mirrors connection() of module_utils/_ovhcloud/connection/spec.py."""

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Which OVHcloud API to call, by its name (V(ovh-eu), V(ovh-ca), V(ovh-us)) or as a literal C(https://) URL.
      - A URL without a path gets C(/1.0) appended, calls of version 2 replace it.
      - If the option is not given, E(OVH_ENDPOINT) is used, then C(endpoint) in section C([default]) of C(ovh.conf),
        then V(ovh-eu).
    type: str
  application_key:
    description:
      - Application key. Needs O(application_secret) and O(consumer_key).
      - If the option is not given, E(OVH_APPLICATION_KEY) is used.
    type: str
  application_secret:
    description:
      - Secret of the application key.
      - If the option is not given, E(OVH_APPLICATION_SECRET) is used.
    type: str
  consumer_key:
    description:
      - Consumer key that the account's owner has validated.
      - If the option is not given, E(OVH_CONSUMER_KEY) is used.
    type: str
  client_id:
    description:
      - Client id of a service account (OAuth2 client credentials), the recommended way. Needs O(client_secret).
      - If the option is not given, E(OVH_CLIENT_ID) is used.
    type: str
  client_secret:
    description:
      - Secret of the service account.
      - If the option is not given, E(OVH_CLIENT_SECRET) is used.
    type: str
  token_url:
    description:
      - Address at which the service account gets its tokens.
      - If the option is not given, E(OVH_TOKEN_URL) is used, then C(token_url) of C(ovh.conf), then the known address
        of O(endpoint). An O(endpoint) that is an unknown URL needs it.
    type: str
  access_token:
    description:
      - A ready bearer token. It is not renewed.
      - If the option is not given, E(OVH_ACCESS_TOKEN) is used.
    type: str
  ca_path:
    description:
      - File or directory with the certificates of the authorities to trust instead of the usual ones.
      - If the option is not given, E(OVH_CA_PATH) is used.
    type: path
  validate_certs:
    description: Whether to check the certificate of the API. Leave it on, except against a laboratory.
    type: bool
    default: true
  timeout:
    description:
      - Seconds within which a whole answer of the API must be there, from its first to its last byte.
      - A read that fails is repeated, at most four times, but not after these seconds. Pauses of up to 60 seconds that
        OVHcloud asks for are kept and do not count; a longer one ends the module.
    type: int
    default: 60
notes:
  - Exactly one kind of credentials counts, application key, service account or access token. An empty option or
    variable counts as not given. What the options and variables do not give comes from the C(ovh.conf) files of the
    official clients (C(/etc/ovh.conf), C(~/.ovh.conf), C(./ovh.conf), the last one wins), from the section that has the
    name of the endpoint.
  - An O(token_url) or an O(endpoint) by URL in such a file is used only with secrets of the same file. For credentials
    that come from elsewhere, give the address as an option or variable.
  - Only reads are repeated after a failure. Calls that order, pay or issue something are sent once, and after a lost
    answer their effect is looked up.
requirements:
  - requests >= 2.28
"""
