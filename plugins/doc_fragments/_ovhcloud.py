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
      - The OVHcloud API, by name (V(ovh-eu), V(ovh-ca), V(ovh-us)) or as a literal C(https://) URL.
      - The module appends C(/1.0) to a URL without a path. Calls of API version 2 use C(/v2) instead.
      - If the option is not given, E(OVH_ENDPOINT) is used, then C(endpoint) in section C([default]) of C(ovh.conf),
        then V(ovh-eu).
    type: str
  application_key:
    description:
      - Application key. Requires O(application_secret) and O(consumer_key).
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
      - Client id of a service account (OAuth2 client credentials), the recommended method. Requires O(client_secret).
      - If the option is not given, E(OVH_CLIENT_ID) is used.
    type: str
  client_secret:
    description:
      - Secret of the service account.
      - If the option is not given, E(OVH_CLIENT_SECRET) is used.
    type: str
  token_url:
    description:
      - Address from which the service account gets its tokens.
      - If the option is not given, E(OVH_TOKEN_URL) is used, then C(token_url) of C(ovh.conf), then the known address
        for O(endpoint). Required if O(endpoint) is an unknown URL.
    type: str
  access_token:
    description:
      - An existing bearer token. The module does not renew it.
      - If the option is not given, E(OVH_ACCESS_TOKEN) is used.
    type: str
  ca_path:
    description:
      - File or directory with the certificates of the authorities to trust instead of the default ones.
      - If the option is not given, E(OVH_CA_PATH) is used.
    type: path
  validate_certs:
    description: Whether to check the API's certificate. Disable this only for a test environment.
    type: bool
    default: true
  timeout:
    description:
      - Time-out for an API answer as a whole, up to its last byte, in seconds.
      - The module repeats a failed read at most four times, and not after this time. It observes pauses of up to 60
        seconds that OVHcloud asks for, and does not count them; if OVHcloud asks for a longer one, it fails.
    type: int
    default: 60
notes:
  - The module uses exactly one kind of credentials, application key, service account or access token. An empty option
    or variable counts as not given. Whatever the options and variables do not provide comes from the official clients'
    C(ovh.conf) files (C(/etc/ovh.conf), C(~/.ovh.conf), C(./ovh.conf), the last one wins), from the section with the
    endpoint's name.
  - To see which calls and IAM actions the credentials lack, run M(ovhcloud.vmware_encryption.api_rights_info).
  - An O(token_url) or an O(endpoint) URL in such a file is used only with secrets from the same file. For credentials
    from elsewhere, give the address as an option or variable.
  - The module repeats only reads after a failure. It sends calls that order, pay or issue something once, and after a
    lost answer, it looks for their effect.
requirements:
  - requests >= 2.28
"""
