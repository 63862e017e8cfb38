# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module key_provider_csr against the lab."""

from __future__ import annotations

import functools

import pytest
from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Writes,
    converge,
    make_green,
    make_provider,
    open_up,
    sign,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.settings import VCenterSettings

UNKNOWN = ("csr", "public_key_sha256", "subject")


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "key_provider_csr", provider=PROVIDER)


@pytest.mark.oldest("key_provider_csr", "life")
def test_csr_of_a_new_provider(lab, run, run_module):
    make_provider(lab, run_module)
    made = converge(lab, run, "csr", UNKNOWN)
    csr = made["csr"]
    assert csr["pending"] is True
    assert x509.load_pem_x509_csr(csr["csr"].encode()).subject.rfc4514_string() == csr["subject"]
    again, writes = Writes(lab).of(lambda: run(renew=True))
    assert (again.changed, again["csr"], writes) == (False, csr, [])


def test_subject_of_a_new_csr(lab, run, run_module):
    make_provider(lab, run_module)
    made = converge(lab, run, "csr", UNKNOWN, subject={"common_name": "vcenter-a", "organization": "Team A"})
    assert "CN=vcenter-a" in made["csr"]["subject"] and "O=Team A" in made["csr"]["subject"]
    other = run(subject={"common_name": "vcenter-b"})
    assert (other.changed, other["csr"]) == (False, made["csr"])
    assert any("vcenter-b" in warning for warning in other.warnings)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_renewal_whatever_vcenter_returns_after_use(kept, own):
    settings = VCenterSettings(keep_csr_after_use=kept, default_client_certificate=own)
    with Lab(LabSettings(vcenter=settings)) as lab:
        run_module = functools.partial(_run, lab)
        run = functools.partial(run_module, "key_provider_csr", provider=PROVIDER)
        make_green(open_up(lab), run_module)
        nothing, writes = Writes(lab).of(run)
        assert (nothing.changed, nothing["csr"]["pending"], nothing["csr"]["csr"], writes) == (False, False, None, [])
        renewal = converge(lab, run, "csr", UNKNOWN, renew=True)
        assert run()["csr"] == renewal["csr"]
        certificate = sign(lab.external_clients, renewal["csr"]["csr"])
        used = run_module("key_provider_client_certificate", provider=PROVIDER, certificate=certificate, **FAST)
        assert used.changed and used["client_certificate"]["accepted"] is True
        assert run()["csr"]["pending"] is False


def _run(lab, module, /, check=False, **options):
    return harness.run_module(module, check, **{**harness.connection(lab, "vsphere"), **options})


def test_revoked_certificate_needs_a_new_csr(lab, run, run_module):
    certificate = x509.load_pem_x509_certificate(make_green(lab, run_module).encode())
    assert run().changed is False
    lab.external_clients.revoke(certificate.serial_number)
    lab.external_kms.refresh_revocations()
    assert run().changed is True


def test_nothing_is_generated_while_no_server_answers(lab, run, run_module):
    make_green(lab, run_module)
    lab.external_kms.stop()
    silent, writes = Writes(lab).of(run)
    assert silent.failed and writes == []
    assert "answers vCenter" in silent.msg and "renew: true" in silent.msg
    assert run(renew=True).changed is True


def test_subject_needs_a_newer_vcenter():
    with Lab(LabSettings(vcenter_version="7.0.2")) as lab:
        run_module = functools.partial(_run, lab)
        make_provider(open_up(lab), run_module)
        run = functools.partial(run_module, "key_provider_csr", provider=PROVIDER)
        refused, writes = Writes(lab).of(lambda: run(subject={"common_name": "vcenter-a"}))
        assert refused.failed and writes == []
        assert "8.0.1" in refused.msg and "7.0.2" in refused.msg
        converge(lab, run, "csr", UNKNOWN)


@pytest.mark.oldest("key_provider_csr", "refusal")
def test_missing_and_native_providers(lab, run, run_module):
    make_provider(lab, run_module, "other")
    missing = run()
    assert missing.failed and "there are: other (standard)" in missing.msg
    lab.vcenter.crypto.add_native(PROVIDER)
    native = run()
    assert native.failed and "of type native" in native.msg
