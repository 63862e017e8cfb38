#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module metrics_file: a text file of metrics, which appears whole or not at all."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_file
short_description: Write metrics for Prometheus to a text file
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Writes a file in Prometheus' text format for a collector of such files, for example the textfile collector of the
    node exporter.
  - The new text replaces the old one in one step. A collector never sees half a file, and the unfinished copy does
    not end in C(.prom). If the disk is full, the old file stays.
  - The roles C(drift_check) and C(encryption_audit) write their metrics with it.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_files
options:
  path:
    description: The file. Its folder must exist. Collectors usually read only files that end in C(.prom).
    type: path
    required: true
  content:
    description: The metrics, in Prometheus' text format.
    type: str
    required: true
  mode:
    description: Mode of the file, in octal digits. The collector usually runs as another user.
    type: str
    default: "0644"
  volatile:
    description:
      - Names of metrics whose new value alone is no change, such as the time of the run.
      - The module still writes the file then, but does not report a change.
    type: list
    elements: str
    default: []
seealso:
  - module: ovhcloud.vmware_encryption.output_files
  - plugin: ovhcloud.vmware_encryption.encryption_audit_metrics
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the metrics of an audit
  ovhcloud.vmware_encryption.metrics_file:
    path: /var/lib/node_exporter/vmware-encryption.prom
    content: "{{ text | ovhcloud.vmware_encryption.encryption_audit_metrics }}"
    volatile: [vmware_encryption_last_run_timestamp_seconds]
  vars:
    text: "{{ lookup('ansible.builtin.file', '/srv/audit/encryption-audit.json') }}"
"""

RETURN = r"""
metrics_file:
  description: The file. In check mode, the prediction.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: /var/lib/node_exporter/vmware-encryption.prom
    mode:
      description: Its mode.
      type: str
      sample: "0644"
    metrics:
      description: Its lines without those of O(volatile) metrics.
      type: list
      elements: str
      sample: ['vmware_encryption_virtual_machines{source="drift_check",vcenter="vc",state="encrypted"} 12']
"""

import os
import re
import stat
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    file_path,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import Reserved, read_text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State, diff
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_action
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import check_file

SPEC = ArgSpec(
    path=file_path(required=True),
    content=text(required=True),
    mode=text(default="0644"),
    volatile=texts(default=[]),
)


class MetricsFile:
    """The file. It is written in each run, because what it says about the time of the run is always new."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self._path, self._mode = os.path.abspath(params["path"]), params["mode"]
        self._content, self._volatile = params["content"], params["volatile"] or []
        if not re.fullmatch("0?[0-7]{3}", self._mode):
            raise InvalidInputError(f"mode: {self._mode} is not a file mode, such as '0644'")
        check_file("path", self._path)

    def perform(self, check_mode: bool) -> dict[str, t.Any]:
        """Write it; a change is what is new besides the volatile metrics."""
        before = self._read()
        after: State = {
            "path": self._path,
            "mode": f"{int(self._mode, 8):04o}",
            "metrics": self._lines(self._content),
        }
        if not check_mode:
            self._write()
        return {"changed": before != after, "metrics_file": after, "diff": diff(before, after)}

    def _read(self) -> State:
        if not os.path.lexists(self._path):
            return {}
        mode = stat.S_IMODE(os.stat(self._path).st_mode)
        return {"path": self._path, "mode": f"{mode:04o}", "metrics": self._lines(read_text(self._path, "path"))}

    def _write(self) -> None:
        file = Reserved(self._path)
        try:
            file.fill(self._content)
            os.chmod(file.temporary, int(self._mode, 8))
            file.put()
        finally:
            file.drop()

    def _lines(self, content: str) -> list[str]:
        return [line for line in content.splitlines() if re.split(r"[{ ]", line, maxsplit=1)[0] not in self._volatile]


def main() -> None:
    """Entry point."""
    run_action(SPEC, MetricsFile)


if __name__ == "__main__":
    main()
