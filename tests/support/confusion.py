"""What each fault was called: injected × named. Gathered from the tests' own reports, so that it is whole under `pytest -n`, too.

A test says record_property("named", row(...)); conftest.py prints the matrix at the end of the run.
"""
import collections
import json

from faults import FAULTS

# What issue 7 asks for, and the fault of the lab that it is.
ASKED = {name: name for name in (
    "client-cert-expired", "client-cert-not-yet-valid", "client-key-mismatch", "client-cert-revoked", "client-cert-wrong-issuer",
    "server-cert-untrusted", "server-name-mismatch", "crl-expired", "captive-portal", "tls-not-offered", "tls-name-mismatch", "tls-expired",
    "auth-required", "auth-no-permission", "authorization-missing", "lan-overlap", "cluster-address-outside-routes", "session-ending",
    "node-slow")} | {"auth-rejected": "auth-wrong"}
NOTHING = "(nothing)"


def row(injected, named, wanted, told="", doctor=""):
    """`wanted`: names that are right, the best one last."""
    return json.dumps({"injected": injected, "named": named or NOTHING, "wanted": list(wanted) or [NOTHING], "told": told, "doctor": doctor})


def row_of(out):
    fault = out.fault
    wanted = [fault.first, *fault.then] if fault.first else []
    return row(fault.label, out.named if fault.first else "", wanted, out.told, out.doctor)


def rows_of(reports):
    return [json.loads(value) for report in reports for name, value in report.user_properties if name == "named"]


def is_right(one):
    return one["named"] in one["wanted"] and (not one["doctor"] or one["doctor"] in one["wanted"])


def lines(rows):
    """One line a fault, then what is off the diagonal, then the count."""
    rows = sorted(rows, key=lambda one: next((i for i, fault in enumerate(FAULTS) if fault.label == one["injected"]), len(FAULTS)))
    wide = max((len(one["injected"]) for one in rows), default=0)
    out = [f"{one['injected']:<{wide}}  {'=' if is_right(one) else '≠'}  {one['named']:<30}{('  doctor: ' + one['doctor']) if one['doctor'] else ''}"
           f"  {one['told'][:70]}".rstrip() for one in rows]
    wrong = collections.Counter((one["injected"], one["wanted"][-1], one["named"], one["doctor"]) for one in rows if not is_right(one))
    for (injected, wanted, named, doctor), count in wrong.items():
        out.append(f"  {injected}: must be {wanted}, was named {named}{' and by the doctor ' + doctor if doctor else ''} ({count} times)")
    return out + [f"right cause first: {sum(map(is_right, rows))} of {len(rows)}"]
