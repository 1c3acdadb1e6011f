"""Random faults beside and after each other: right at the end, no lie on the way. `scripts/bench random` does it for longer."""
from soak import Soak


def test_random_faults_end_well_and_no_lie_is_told(demo, lab):
    report = Soak(lab, demo, seed=7).run(30)
    assert report.faults >= 2 and not report.wrongs(), (report.wrongs(), report, demo.log.read_text()[-8000:])
