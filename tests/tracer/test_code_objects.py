"""Which code objects are the project's, and what becomes of those that die."""

from __future__ import annotations

from pathlib import Path

from conftest import Drive


def test_code_without_a_file_of_the_project_is_none_of_its(drive: Drive) -> None:
    drive(
        """
        import dataclasses, json, m
        probe.start()
        exec("def f(): pass\\nf()", {"__name__": "m"})
        exec(compile("def f(): pass\\nf()", "<string>", "exec"), {})
        exec(compile("def f(): pass\\nf()", "", "exec"), {})
        exec(compile("def f(): pass\\nf()", "/nowhere/m.py", "exec"), {})
        json.loads("{}")
        m.Data(1) == m.Data(2)
        m.Pair(1, 2)._replace(a=3)
        assert probe.story() == [], probe.story()
        probe.stop()
        """,
        files={
            "m.py": """
                import collections, dataclasses
                @dataclasses.dataclass
                class Data: x: int
                Pair = collections.namedtuple("Pair", "a b")
            """
        },
    )


def test_relative_file_names_are_resolved_when_the_code_is_first_seen(drive: Drive) -> None:
    drive(
        """
        import os
        probe.start()
        os.chdir(probe.root)
        exec(compile("def f(): pass\\nf()", "made.py", "exec"), {})
        os.chdir("sub")
        exec(compile("def g(): pass\\ng()", "made.py", "exec"), {})
        exec(compile("def h(): pass\\nh()", os.path.join(os.curdir, "made.py"), "exec"), {})
        os.chdir("/")
        exec(compile("def none(): pass\\nnone()", "made.py", "exec"), {})
        rows = [(file, name) for file, name, *_ in probe.native.switch()]
        assert rows == [("made.py", "f"), ("sub/made.py", "g"), ("sub/made.py", "h")], rows
        probe.stop()
        """,
        files={"sub/made.py": ""},
    )


def test_a_script_started_with_a_relative_name(drive: Drive) -> None:
    drive(
        """
        import os, subprocess
        done = subprocess.run([sys.executable, "script.py"], cwd=probe.root)
        assert done.returncode == 0
        """,
        files={
            "script.py": """
                import os
                from probe import Probe
                def f(): pass
                probe = Probe(os.getcwd())
                probe.start()
                assert probe.ran_during(f) == ["f"]
                probe.stop()
            """
        },
    )


def test_a_file_name_that_is_no_utf_8_is_foreign(drive: Drive) -> None:
    drive(
        r"""
        import os
        probe.start()
        exec(compile("def f(): pass\nf()", os.fsencode(probe.root) + b"/\xff.py", "exec"), {})
        assert len(probe.ran()) == 1
        exec(compile("def f(): pass\nf()", b"/\xff/m.py", "exec"), {})
        assert probe.ran() == []
        probe.stop()
        """
    )


def test_odd_attributes_of_code_objects(drive: Drive) -> None:
    drive(
        """
        import os
        def f(): pass
        name = os.path.join(probe.root, "odd.py")
        code = f.__code__.replace(
            co_filename=name, co_firstlineno=2147483647, co_qualname="a\\udc80b", co_name="x"
        )
        probe.start()
        exec(code)
        [row] = probe.native.switch()
        assert row[1:] == ("a\\ufffdb", 2147483647, 0) or row[1].startswith("a"), row
        probe.stop()
        """
    )


def test_functions_made_again_by_running_their_file_again(drive: Drive) -> None:
    drive(
        """
        import pathlib
        path = pathlib.Path(probe.root, "m.py")
        source = path.read_text()
        probe.start()
        for _ in range(50):
            namespace = {}
            exec(compile(source, str(path), "exec"), namespace)
            probe.story()
            for _ in range(3):
                assert probe.ran_during(namespace["f"]) == ["f"]
        namespaces = []
        for _ in range(50):
            exec(compile(source, str(path), "exec"), namespace := {})
            namespaces.append(namespace)
        probe.story()
        for _ in range(3):
            def all_of_them():
                for namespace in namespaces:
                    for _ in range(20): namespace["f"]()
            assert probe.ran_during(all_of_them) == ["f"]
        for namespace in namespaces:
            assert probe.ran_during(namespace["f"]) == ["f"]
        probe.stop()
        """,
        files={"m.py": "def f(): pass\n"},
    )


def test_code_that_dies_and_code_at_the_same_address(drive: Drive) -> None:
    drive(
        """
        import gc, os
        def make(filename, name, calls):
            namespace = {}
            exec(compile(f"def {name}(): pass", filename, "exec"), namespace)
            for _ in range(calls): namespace[name]()
        inside, outside = os.path.join(probe.root, "m.py"), "/nowhere/m.py"
        probe.start()
        addresses = set()
        for i in range(3000):
            name = f"f{i % 7}"
            make(inside if i % 2 else outside, name, i % 17 + 1)
            assert probe.ran() == ([name] if i % 2 else []), i
            if i % 500 == 0: gc.collect()
        probe.stop()
        """,
        files={"m.py": ""},
    )


def test_a_project_in_a_directory_with_odd_letters(drive: Drive, tmp_path: Path) -> None:
    root = tmp_path / "project" / "ä ö'\"%{}"
    root.mkdir()
    (root / "m.py").write_text("def f(): pass\n", encoding="utf-8")
    drive(
        f"""
        sys.path.insert(0, {str(root)!r})
        import m
        probe.start()
        assert probe.ran_during(m.f) == ["f"]
        probe.stop()
        """
    )
