"""That a report of a sanitizer is found where the programs leave theirs."""
import sanitizers


def test_report_is_found_in_a_task_log_and_in_a_report_file(tmp_path):
    logs = {
        "work/jobs/1/task.log": "x\n==7==ERROR: AddressSanitizer: heap\n y",
        "sanitizer.12": "==12==ERROR: LeakSanitizer: detected",
        "log/api.log": "a.c:3:4: runtime error: signed integer overflow",
        "log/bulk.log": "nothing to see",
    }
    for name, text in logs.items():
        path = tmp_path / "elsewhere" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = {p.relative_to(tmp_path / "elsewhere").as_posix()
             for p, _ in sanitizers.reports(tmp_path)}
    assert found == set(logs) - {"log/bulk.log"}
    for path, _ in sanitizers.reports(tmp_path):
        path.unlink()       # they are no real ones
