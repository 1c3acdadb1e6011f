"""The doctor, asked while a fault stands: for the same table as the findings (test_fault_table.py)."""
import json

# To be removed, with the two lines that use it, once `memdbctl doctor` is there.
DOCTOR_EXISTS = False


def first_line_of_doctor(agent, profile):
    """The first failed check of `memdbctl doctor PROFILE --json`, as the finding that it names; "" when none failed."""
    if not DOCTOR_EXISTS:
        return ""
    report = json.loads(agent.ctl("doctor", profile, "--json", check=False).stdout)
    return next((check["code"] for check in report["checks"] if check["state"] == "fail"), "")
