"""Keeps a corpus small: of all inputs that a fuzzer has found, the fewest and smallest that reach every edge."""
import pathlib
import shutil
import subprocess
import tempfile

MOST_FILES = 60
MOST_BYTES = 4096


def is_found(path):
    """Whether libFuzzer gave the file its name; what a person named is kept, whatever it reaches."""
    return len(path.name) == 40 and all(letter in "0123456789abcdef" for letter in path.name)


def edges_of(program, folder, scratch):
    """The edges that each input reaches, by its path. An input that makes the fuzzer crash is left out."""
    control, merged = scratch / "control", scratch / "merged"
    merged.mkdir()
    # Without counters a feature is an edge; only a set-cover merge writes down all of them for each input.
    command = [program, "-merge=1", "-set_cover_merge=1", "-use_counters=0", f"-merge_control_file={control}", merged, folder]
    subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    lines = control.read_text(encoding="utf-8").splitlines()
    files = [pathlib.Path(line) for line in lines[2:2 + int(lines[0])]]
    reached = {}
    for line in lines[2 + len(files):]:
        word, *rest = line.split()
        if word == "FT":
            reached[files[int(rest[0])]] = {int(edge) for edge in rest[1:]}
    return reached


def choose(reached, kept, most):
    """Greedy: the input that adds most, of equal ones the smallest, until nothing is added or there are too many."""
    have = set().union(*[reached.get(path, set()) for path in kept])
    left = {path: edges - have for path, edges in reached.items() if path not in kept}
    chosen = []
    while left and len(kept) + len(chosen) < most:
        best = min(left, key=lambda path: (-len(left[path]), path.stat().st_size, path.name))
        gained = left.pop(best)
        if not gained:
            break
        chosen.append(best)
        left = {path: edges - gained for path, edges in left.items()}
    return chosen


def minimise(program, found, corpus):
    """Replaces what libFuzzer found earlier in `corpus` by the best of that and of `found`. Returns one line about it."""
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        inputs = scratch / "inputs"
        inputs.mkdir()
        before = list(corpus.iterdir())
        for path in [*before, *(found.iterdir() if found.is_dir() else [])]:
            if path.stat().st_size <= MOST_BYTES or not is_found(path):
                shutil.copyfile(path, inputs / path.name)
        reached = edges_of(program, inputs, scratch)
        kept = [inputs / path.name for path in before if not is_found(path)]
        chosen = choose(reached, kept, MOST_FILES)
        for path in before:
            if is_found(path):
                path.unlink()
        for path in chosen:
            shutil.copyfile(path, corpus / path.name)
    every, have = set().union(*reached.values()), set().union(*[reached.get(path, set()) for path in [*kept, *chosen]])
    size = sum(path.stat().st_size for path in corpus.iterdir())
    return f"fuzz: {corpus.name}: {len(before)} -> {len(list(corpus.iterdir()))} inputs, {size:,} bytes, {len(have)} of {len(every)} edges"
