"""The doctor, asked while a fault stands: for the same table as the findings (test_fault_table.py)."""
import json

# To be removed, with the two lines that use it, once `memdbctl doctor` is there.
DOCTOR_EXISTS = False


def first_line_of_doctor(agent, profile):
    """What `memdbctl doctor PROFILE --json` gives as the cause; "" when it finds none."""
    if not DOCTOR_EXISTS:
        return ""
    report = json.loads(agent.ctl("doctor", profile, "--json", check=False).stdout)
    return report["diagnosis"].get("code", "")
