# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that does what modules should not do, in a copy of the collection that has it beside the others."""

from __future__ import annotations

import pathlib

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness

NAME = "ovhcloud.vmware_encryption.probe"
MODULE = """
from __future__ import annotations

import json
import locale
import os
import signal
import sys
import tempfile
import threading

from ansible.module_utils.basic import AnsibleModule

SPEC = {
    "do": {"type": "str", "required": True},
    "word": {"type": "str", "no_log": True},
    "old": {"type": "str", "removed_in_version": "9.9.9", "removed_from_collection": "ovhcloud.vmware_encryption"},
    "path": {"type": "path"},
    "anything": {"type": "raw"},
}


def main():
    module = AnsibleModule(SPEC, supports_check_mode=True)
    given = module.params
    getattr(Probe, given["do"])(module, given)


class Probe:
    def tell(module, given):
        module.exit_json(
            changed=module.check_mode,
            folder=os.getcwd(),
            mask=os.umask(0o22),
            environment={name: os.environ.get(name) for name in ("PROBE_A", "PROBE_B", "HOME", "LANG", "PATH")},
            place=locale.setlocale(locale.LC_ALL),
            encodings=[sys.stdout.encoding, sys.stdin.encoding, sys.getfilesystemencoding()],
            program=sys.executable,
            input=sys.stdin.read(),
            words=len(sys.argv),
            main=__name__,
            handlers=[str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)],
            threads=threading.active_count(),
            verbosity=module._verbosity,
            diffs=module._diff,
            name=module._name,
            remote=module._remote_tmp,
            syslog=module._syslog_facility,
            hidden=module.no_log,
            given=given["anything"],
            kinds=str(type(given["anything"])),
        )

    def end_unseen(module, given):
        pass

    def crash(module, given):
        raise RuntimeError("planned")

    def leave(module, given):
        sys.exit(3)

    def leave_well(module, given):
        sys.exit(0)

    def fail(module, given):
        module.fail_json(msg="planned failure with " + str(given["word"]), changed=True, extra=[1, {"a": None}])

    def chatter(module, given):
        print("before the result")
        sys.stdout.flush()
        os.write(1, b"deep before\\n")
        sys.stderr.write("an error text\\n")
        os.write(2, b"deep error\\n")
        module._return_formatted({"changed": False})
        print("after the result")
        sys.exit(0)

    def empty(module, given):
        print("[]")
        sys.exit(0)

    def warn(module, given):
        module.warn("first warning " + str(given["word"]))
        module.warn("second warning")
        module.deprecate("an old way", version="9.9.9", collection_name="ovhcloud.vmware_encryption")
        module.exit_json(changed=False)

    def differ(module, given):
        module.exit_json(changed=True, diff={"before": {"a": 1}, "after": {"a": 2}})

    def facts(module, given):
        module.exit_json(changed=False, ansible_facts={"probe_fact": 7}, results=[{"a": 1}], stdout="a\\nb\\n", rc=0)

    def secret(module, given):
        module.exit_json(changed=False, echo=given["word"], nested={"list": ["x" + given["word"] + "y"]})

    def template(module, given):
        module.exit_json(changed=False, text="{{ 7 * 7 }}", odd="\\u00e9\\u2028\\U0001f511", number=1.5, none=None)

    def thread(module, given):
        path, release = given["path"], threading.Event()

        def late():
            release.wait()
            with open(path, "w") as file:
                file.write("done")

        threading.Thread(target=late).start()
        try:
            module.exit_json(changed=False)
        finally:
            release.set()

    def temporary(module, given):
        with open(given["path"], "w") as file:
            file.write(module.tmpdir)
        open(os.path.join(module.tmpdir, "left"), "w").close()
        os.umask(0)
        module.exit_json(changed=False)

    def wait(module, given):
        begun = open(given["path"] + ".begun", "w")
        print(os.getpid(), file=begun, flush=True)
        open(given["path"] + ".go").close()  # until somebody opens the other end
        with open(given["path"] + ".ended", "w") as file:
            file.write("by itself")
        module.exit_json(changed=False)

    def guard(module, given):
        from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import leaving

        half = given["path"] + ".half"
        with leaving.removed_on_end(half):
            open(half, "w").close()
            try:
                Probe.wait(module, given)
            except KeyboardInterrupt:
                os.unlink(half)
                raise


if __name__ == "__main__":
    main()
"""


def collection(folder: pathlib.Path) -> pathlib.Path:
    """A folder of collections with ours, the probe added, all else by links."""
    root = folder / "ansible_collections/ovhcloud/vmware_encryption"
    for kind in ("modules", "action"):
        (root / "plugins" / kind).mkdir(parents=True)
        for path in (harness.ROOT / "plugins" / kind).glob("*.py"):
            (root / "plugins" / kind / path.name).symlink_to(path)
    for path in (harness.ROOT / "plugins").iterdir():
        if path.is_dir() and not (root / "plugins" / path.name).exists():
            (root / "plugins" / path.name).symlink_to(path)
    for name in ("meta", "roles", "playbooks", "galaxy.yml"):
        (root / name).symlink_to(harness.ROOT / name)
    (root / "plugins/modules/probe.py").write_text(f"#!/usr/bin/python{MODULE}")
    action = (harness.ROOT / "plugins/action/okms.py").read_text()
    (root / "plugins/action/probe.py").write_text(action)
    return folder
