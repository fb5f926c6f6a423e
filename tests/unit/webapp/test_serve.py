"""The server with its worker beside it: real processes, small ones."""

import itertools
import socket
import sys
import time
from pathlib import Path

import pytest

from webapp.cli import main
from webapp.cli.serve import is_taken, server_command
from webapp.cli.supervise import Companion, run_side_by_side


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_worker_that_dies_is_started_again_and_ends_with_the_server(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    worker = python(
        f"open({str(lives)!r}, 'a').write('x'); import time; time.sleep(0.2); raise SystemExit(9)"
    )
    said: list[str] = []
    code = run_side_by_side(python("import time; time.sleep(5); raise SystemExit(7)"), worker, said.append)
    assert code == 7
    assert len(lives.read_text()) >= 2
    assert "code 9" in said[0]


def test_no_worker_is_left_behind() -> None:
    worker = python("import time; time.sleep(60)")
    started = time.monotonic()
    assert run_side_by_side(python("import time; time.sleep(1.2)"), worker, lambda _line: None) == 0
    assert time.monotonic() - started < 20, "the worker was ended, not waited for"


def test_a_worker_that_cannot_start_is_tried_ever_more_rarely() -> None:
    said: list[str] = []
    companion = Companion(python("raise SystemExit(5)"), said.append)
    moment_s, starts = 0.0, []
    while moment_s < 100:
        before = companion.process
        companion.look_after(moment_s)
        if companion.process is not None and companion.process is not before:
            starts.append(moment_s)
            companion.process.wait()
        moment_s += 0.5
    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 4
    assert pauses[-1] >= 30


def test_a_worker_that_hangs_is_ended_and_started_again() -> None:
    said: list[str] = []
    companion = Companion(python("import time; time.sleep(600)"), said.append, hangs_after_s=5)
    companion.look_after(0)
    hung = companion.process
    assert hung is not None
    companion.look_after(4.5)
    assert hung.poll() is None
    companion.look_after(5.5)
    hung.wait(timeout=20)
    assert "has not moved for 6 s" in said[0]
    companion.look_after(6)
    companion.look_after(30)
    assert companion.process is not None
    assert companion.process is not hung
    companion.process.kill()
    companion.process.wait()


def test_a_worker_that_says_that_it_lives_is_left_alone() -> None:
    lives = "import os, sys, time\nwhile True: os.write(int(sys.argv[-1]), b'.'); time.sleep(0.01)"
    companion = Companion(python(lives), lambda _line: None, hangs_after_s=5)
    companion.look_after(0)
    process = companion.process
    assert process is not None
    until = time.monotonic() + 60
    for moment_s in (4, 8, 12, 16):
        while companion.heard_s != moment_s and time.monotonic() < until:
            time.sleep(0.02)
            companion.look_after(moment_s)
    assert process.poll() is None
    assert companion.process is process
    process.kill()
    process.wait()


def test_the_server_listens_where_it_is_told() -> None:
    command = server_command("0.0.0.0:80", 2, 4)
    assert command[command.index("--bind") + 1] == "0.0.0.0:80"
    assert command[-1] == "wsgi:app"
    assert command[command.index("--forwarder-headers") + 1] == "", "no visitor says where the program lies"


def test_an_older_database_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAMDIEM_DATABASE", f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    monkeypatch.setenv("CHAMDIEM_SECRET", "secret")
    assert main(["serve"]) == 3
    assert "chamdiem upgrade" in capsys.readouterr().err


def test_an_address_in_use_is_told_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        assert is_taken(bind)
    assert not is_taken(bind)
