# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the OVHcloud account: credential, rights, payment, region and domain. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import OKMS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.rows import (
    BLOCKING,
    OK,
    WARNING,
    Facts,
    Row,
    Rows,
    failure,
    part,
    setting,
)

ENDED = ("SUSPENDED", "EXPIRED")
_POLICY, _LOGS = "IAM policy for KMIP", "Audit logs"


def credential(facts: Facts) -> Rows:
    """Whether OVHcloud takes the credential, and for how long."""
    check = "OVHcloud credential"
    _kind, text = failure(facts, "rights")
    if text:
        yield Row(check, BLOCKING, text, "fix the options of the connection, or the connection to the API")
        return
    rights = part(facts, "rights", "rights")
    if not rights:
        return
    if not rights["usable"]:
        yield Row(check, BLOCKING, str(rights["problem"]), "create a new credential; a service account does not expire")
        return
    key, warn_days = rights.get("credential") or {}, int(setting(facts, "warn_days", 30))
    left = key.get("days_left")
    if left is not None and left <= warn_days:
        yield Row(
            check,
            WARNING,
            f"the consumer key expires on {key['expires']}, in {plural(left, 'day')}",
            "create a new one in time, or use a service account, which does not expire",
        )
    else:
        ends = f"until {key['expires']}" if key.get("expires") else "without end"
        yield Row(check, OK, f"{rights['method']} of {rights['account']}, valid {ends}")


def granted(facts: Facts) -> Rows:
    """Access rules of the consumer key, and IAM actions: all gaps at once."""
    rights = part(facts, "rights", "rights")
    if not rights or not rights["usable"]:
        return
    profile = setting(facts, "profile", "operate")
    where = f"profiles.{profile} of preflight_report"
    optional = [call for call in rights.get("calls") or [] if call["optional"]]
    calls, nice_calls = _apart(rights["missing_calls"], [f"{one['method']} {one['path']}" for one in optional])
    actions, nice_actions = _apart(rights["missing_actions"], [one["action"] for one in optional])
    if nice := [*(nice_calls if not calls else []), *(nice_actions if not actions else [])]:
        yield Row(
            "Rights that help",
            WARNING,
            f"missing {', '.join(nice)}: optional checks, or revoking, will not work",
            f"add them from {where} when you can; nothing else needs them",
        )
    if calls:
        yield Row(
            "Access rules of the consumer key",
            BLOCKING,
            f"no rule for {_both(calls, nice_calls)}",
            f"create a consumer key with all access_rules in {where}: a key's rules cannot change",
        )
    else:
        yield Row("Access rules of the consumer key", OK, "all calls are granted")
    if actions:
        yield Row(
            "IAM actions",
            BLOCKING,
            f"{', '.join(rights['identities'])} lacks {_both(actions, nice_actions)}",
            (f"ask somebody with the right to do so to create the iam_policy in {where}, with the module iam_policy"),
        )
    # the one on a stream has a row of its own
    unchecked = [action for action in rights["unchecked_actions"] if not action.startswith("ldp:")]
    if unchecked:
        yield Row(
            "IAM actions",
            WARNING,
            f"OVHcloud does not tell about {', '.join(unchecked)}",
            "compare this identity's policies with the iam_policy in " + where,
        )
    if not actions and not unchecked:
        yield Row("IAM actions", OK, "all actions are granted")


def kmip_policy(facts: Facts) -> Rows:
    """Whether the identity in vCenter's access certificate may use keys: without an IAM policy OKMS refuses it."""
    rights = part(facts, "rights", "rights")
    if facts.get("option") != OKMS or not rights or not rights["usable"]:
        return
    named = setting(facts, "identity_urns") or []
    yield _kept_policy(facts, rights, named) if named else _callers_policy(facts, rights)


def logs(facts: Facts) -> Rows:
    """Whether the run can send the domain's audit logs to a stream."""
    rights = part(facts, "rights", "rights")
    if facts.get("option") != OKMS or not setting(facts, "logs", False) or not rights or not rights["usable"]:
        return
    unknown = [action for action in rights["unchecked_actions"] if action.startswith("ldp:")]
    if unknown:
        yield Row(
            _LOGS,
            WARNING,
            f"only when the run sends them, it shows whether this credential has {unknown[0]} on the stream's service",
            "grant it on that service (urn:v1:...:resource:ldp:<service>), unless it is granted there",
        )
    elif not [action for action in rights["missing_actions"] if ":log/" in action]:
        yield Row(_LOGS, OK, "the run sends them to a stream of Logs Data Platform")


def _kept_policy(facts: Facts, rights: Facts, named: t.Sequence[str]) -> Row:
    who = ", ".join(named)
    if not setting(facts, "kmip_policy", True):
        return Row(
            _POLICY,
            WARNING,
            (
                f"the run maintains none; {who} needs one, unless it is the account itself or in a group with the "
                "role ADMIN"
            ),
            "check that the policy exists, or set okms_kmip_policy: true",
        )
    missing = [action for action in rights["missing_actions"] if ":iam/policy/" in action]
    if missing:
        return Row(
            _POLICY,
            WARNING,
            f"this credential cannot maintain the one for {who}",
            "grant it, or ask somebody to create the policy and set okms_kmip_policy: false",
        )
    return Row(_POLICY, OK, f"the run maintains the one for {who}")


def _callers_policy(facts: Facts, rights: Facts) -> Row:
    who = ", ".join(urn for urn in rights["identities"] if ":identity:group:" not in urn)
    acts = f"no identity was named, so the access certificate acts as {who}"
    # IAM does not apply to the account's root identity in a certificate (OVHcloud's guide okms-certificate-management)
    if ":identity:account:" in who:
        return Row(_POLICY, OK, f"{acts}, the account itself, which needs none")
    lacks = rights.get("lacks_kmip_policy")
    if lacks:
        return Row(
            _POLICY,
            BLOCKING,
            f"{acts}, which has no policy for KMIP: OKMS would refuse the certificate (bad certificate)",
            (
                "name a separate identity in okms_identity_urns, for which the run creates the policy, or ask for "
                f"the iam_policy in profiles.{setting(facts, 'profile', 'operate')} of preflight_report"
            ),
        )
    if lacks is None:
        return Row(_POLICY, WARNING, f"{acts}; whether it may use keys is unknown", "check its policies and groups")
    return Row(_POLICY, OK, f"{acts}, which can use keys, by a policy or by the role ADMIN of its group")


def _apart(missing: t.Sequence[str], optional: t.Sequence[str]) -> tuple[list[str], list[str]]:
    """What is needed, and what only helps."""
    return [one for one in missing if one not in optional], [one for one in missing if one in optional]


def _both(needed: t.Sequence[str], nice: t.Sequence[str]) -> str:
    return ", ".join(needed) + (f", and, optionally, {', '.join(nice)}" if nice else "")


def payment(facts: Facts) -> Rows:
    """Whether the coming order can be paid."""
    check, (kind, text) = "Payment method", failure(facts, "account")
    if kind and kind not in ("forbidden", "authentication"):  # these have rows of their own
        yield Row(check, WARNING, f"unknown: {text}", "rerun, or check the control panel before an order")
    account = part(facts, "account", "account")
    if not account or not orders(facts):
        return
    if account["state"] == "incomplete":
        yield Row("Account", BLOCKING, "it is incomplete and cannot order", "complete it in the control panel")
    order = part(facts, "order", "order")
    if order and (order["status"] != "notPaid" or order["price_with_tax"] == 0):
        yield Row(check, OK, f"order {order['order_id']} no longer needs a payment method")
    elif account["default_payment_method"] is not None:
        yield Row(check, OK, f"there is a valid default one, id {account['default_payment_method']}")
    elif account["payment_methods_known"] and order:
        yield Row(
            check,
            BLOCKING,
            f"order {order['order_id']} waits for payment of {_price(order)}, and the account has no valid default one",
            "register one in the control panel or pay the order there, then rerun to resume this order",
        )
    elif account["payment_methods_known"]:
        # an order of 0 is paid without one, with the fidelity account
        dear = float(setting(facts, "max_price", 0.0)) > 0
        yield Row(
            check,
            BLOCKING if dear else WARNING,
            "the account has no valid default one: an order that costs anything would stay unpaid",
            "register one in the control panel and make it the default",
        )


def _price(order: Facts) -> str:
    amount = order["price_with_tax"]
    return "an unknown amount" if amount is None else f"{amount:g} {order['currency']}"


def orders(facts: Facts) -> bool:
    """Whether the run is going to order a domain."""
    wanted = facts.get("option") == OKMS and setting(facts, "allow_order") and domain_of(facts) is None
    # one that an earlier order has delivered is only given its name
    return bool(wanted) and not part(facts, "order", "okms").get("id")


def domain_of(facts: Facts) -> dict[str, t.Any] | None:
    """The OKMS domain that the run would use; one that is terminated does not stand in the way of an order."""
    found = part(facts, "domains", "okms_domains") or []
    alive = [domain for domain in found if domain.get("state") not in ENDED]
    replaced = bool(setting(facts, "allow_order") and part(facts, "order", "okms"))
    candidates = alive or ([] if replaced else found)
    return dict(candidates[0]) if candidates else None


def domain(facts: Facts) -> Rows:
    """The OKMS domain, or where and how it would be ordered."""
    if facts.get("option") != OKMS:
        return
    kind, text = failure(facts, "domains")
    if kind and kind not in ("forbidden", "authentication"):  # these have rows of their own
        yield Row("OKMS domain", BLOCKING, text, "see the message")
    if kind or not facts.get("domains"):
        return
    wanted = setting(facts, "okms_id") or setting(facts, "display_name") or "the domain"
    there = domain_of(facts)
    if there is not None:
        alive = there.get("state") not in ENDED
        step = "" if alive else "settle it in the control panel"
        words = f"{there['display_name']} ({there['id']}) in {there['region']} is {there.get('state') or 'there'}"
        yield Row("OKMS domain", OK if alive else BLOCKING, words, step)
        return
    yield from _region(facts)
    if setting(facts, "okms_id"):
        yield Row(
            "OKMS domain", BLOCKING, f"there is no domain {wanted}", "correct the id, or name it by name and region"
        )
    elif setting(facts, "allow_order"):
        yield Row("OKMS domain", OK, f"{wanted} does not exist and {_how(facts)}")
    else:
        step = "set okms_allow_order: true (with --check the run shows the price), or name the right domain"
        yield Row("OKMS domain", BLOCKING, f"{wanted} does not exist", step)


def cost(facts: Facts) -> Rows:
    """What the domain costs a month, or each object of a new one."""
    known = facts.get("cost") or {}
    if known.get("text"):
        yield Row("Cost of OKMS", OK, str(known["text"]))
        return
    usage = part(facts, "order", "pricing").get("usage") or []
    if orders(facts) and usage:
        each = ", ".join(
            f"{entry['price']:g} {entry['currency']} for each {entry['object']} per {entry['unit']}" for entry in usage
        )
        yield Row("Cost of OKMS", OK, f"by what the domain will contain, without tax: {each}")


def _how(facts: Facts) -> str:
    order, there = part(facts, "order", "order"), part(facts, "order", "okms").get("id")
    if there:
        return f"the unnamed one of an earlier order, {there}, will be used"
    return f"order {order['order_id']} ({order['status']}) will be resumed" if order else "will be ordered"


def _region(facts: Facts) -> Rows:
    region = str(setting(facts, "region") or "").strip().lower().replace("_", "-")
    known = sorted(str(row["id"]) for row in part(facts, "domains", "regions") or [])
    if not known:
        return
    if region in known:
        yield Row("Region", OK, f"{region} offers OKMS")
    else:
        yield Row("Region", BLOCKING, f"{region or 'none'} is not a region of OKMS", f"name one of {', '.join(known)}")
