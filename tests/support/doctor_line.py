"""The doctor, asked while a fault stands: for the same table as the findings (test_fault_table.py)."""
import json


def first_line_of_doctor(agent, profile):
    """What `memdbctl doctor PROFILE --json` gives as the cause; "" when it finds none."""
    report = json.loads(agent.ctl("doctor", profile, "--json", check=False).stdout)
    return report["diagnosis"].get("code", "")
