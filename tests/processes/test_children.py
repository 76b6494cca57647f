"""What Python child processes run, import and read is charged to the test that started them."""

from __future__ import annotations

import pytest
from acceptance.project import Project, nodes

WORK = """
    import os

    def job(): return 1

    def fail(): os._exit(3)

    def read(): return open("data.txt").read()

    def load():
        import late
        return late.VALUE

    def unused(): return 1
    """

CALLS = """
    import concurrent.futures
    import multiprocessing
    import os
    import subprocess
    import sys

    import work

    def process(method, function):
        child = multiprocessing.get_context(method).Process(target=function)
        child.start()
        child.join()
        assert child.exitcode == 0

    def pool(method, function):
        with multiprocessing.get_context(method).Pool(1) as workers:
            workers.apply(function)

    def executor(method, function):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as workers:
            workers.submit(function).result()

    def fork(function):
        child = os.fork()
        if child == 0:
            function()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    def fork_twice(function):
        fork(lambda: fork(function))

    def script(name):
        code = f"import work; work.{name}()"
        subprocess.run([sys.executable, "-c", code], check=True)
    """

WAYS = [
    "process('fork', work.{})",
    "process('spawn', work.{})",
    "process('forkserver', work.{})",
    "pool('fork', work.{})",
    "pool('spawn', work.{})",
    "executor('fork', work.{})",
    "executor('spawn', work.{})",
    "fork(work.{})",
    "fork_twice(work.{})",
    "script('{}')",
]

STARTS = nodes("test_m.py", "test_starts")


def write(project: Project, call: str) -> None:
    """Writes a test that makes ``call`` and one that is not concerned."""
    test = f"""
    def test_starts():
        {call}

    def test_unconcerned():
        assert work
    """
    files = {"work.py": WORK, "late.py": "VALUE = 1", "data.txt": "1", "test_m.py": CALLS + test}
    project.write_files(files)


@pytest.mark.parametrize("way", WAYS)
def test_a_function_that_a_child_runs(project: Project, way: str) -> None:
    write(project, way.format("job"))
    project.record()
    assert project.run().executed == set()
    project.replace("work.py", "def job(): return 1", "def job(): return 2")
    assert project.run().executed == STARTS
    project.replace("work.py", "def unused(): return 1", "def unused(): return 2")
    assert project.run().executed == set()


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_a_child_reads(single: Project, way: str) -> None:
    write(single, way.format("read"))
    single.record()
    assert single.run().executed == set()
    single.write("data.txt", "2")
    assert single.run().executed == STARTS


@pytest.mark.parametrize("way", WAYS)
def test_a_module_that_a_child_imports(single: Project, way: str) -> None:
    write(single, way.format("load"))
    single.record()
    assert single.run().executed == set()
    single.write("late.py", "VALUE = 2")
    assert single.run().executed == STARTS


@pytest.mark.parametrize(
    "command",
    [
        "[sys.executable, 'tool/main.py']",
        "[sys.executable, '-m', 'tool.main']",
        "[sys.executable, '-m', 'tool']",
        "[sys.executable, '-I', 'tool/main.py']",
    ],
)
def test_scripts_and_modules_that_run_others(project: Project, command: str) -> None:
    project.write_files(
        {
            "tool/__init__.py": "",
            "tool/__main__.py": "import runpy\n\nrunpy.run_module('tool.main', run_name='__main__')",
            "tool/main.py": """
                import pathlib
                import subprocess
                import sys

                def main():
                    inner = pathlib.Path(__file__).with_name("inner.py")
                    print(subprocess.check_output([sys.executable, inner], text=True), end="")

                def unused(): return 1

                if __name__ == "__main__":
                    main()
                """,
            "tool/inner.py": """
                LIMIT = 1

                def answer(): return LIMIT

                print(answer())
                """,
            "test_m.py": f"""
                import subprocess
                import sys

                def test_starts():
                    assert subprocess.check_output({command}, text=True) == "1\\n"

                def test_unconcerned():
                    pass
                """,
        }
    )
    project.record()
    assert project.run().executed == set()
    project.replace("tool/main.py", "return 1", "return 2")
    assert project.run().executed == set(), "nobody calls it"
    project.replace("tool/inner.py", "LIMIT = 1", "LIMIT = 2")
    assert project.run().ended("failed") == STARTS
    project.replace("tool/inner.py", "LIMIT = 2", "LIMIT = 1")
    project.run()
    project.replace("tool/main.py", 'end="")', 'end="!")')
    assert project.run().ended("failed") == STARTS


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_that_lives_on_works_for_each_test(project: Project, method: str) -> None:
    project.write_files(
        {
            "work.py": "def one(): return 1\n\ndef two(): return 2\n\ndef both(): return one() + two()",
            "test_m.py": f"""
                import multiprocessing

                import pytest

                import work

                @pytest.fixture(scope="module")
                def pool():
                    with multiprocessing.get_context("{method}").Pool(1) as pool:
                        pool.apply(abs, (1,))
                        yield pool

                def test_one(pool): assert pool.apply(work.one)

                def test_two(pool): assert pool.apply(work.two)

                def test_both(pool): assert pool.apply(work.both)

                def test_one_again(pool): assert pool.apply(work.one)

                def test_unconcerned(): assert work
                """,
        }
    )
    project.record()
    assert project.run().executed == set()
    project.replace("work.py", "return 1", "return 10")
    expected = nodes("test_m.py", "test_one", "test_both", "test_one_again")
    assert project.run().executed == expected
    project.replace("work.py", "return 2", "return 20")
    assert project.run().executed == nodes("test_m.py", "test_two", "test_both")


def test_a_program_that_a_fixture_starts_counts_for_all_that_use_it(project: Project) -> None:
    project.write_files(
        {
            "server.py": """
                import sys

                def ready(): return "ready"

                def answer(line): return line.upper()

                print(ready(), flush=True)
                for line in sys.stdin:
                    print(answer(line), end="", flush=True)
                """,
            "test_m.py": """
                import subprocess
                import sys

                import pytest

                @pytest.fixture(scope="module")
                def server():
                    pipe = subprocess.PIPE
                    command = [sys.executable, "server.py"]
                    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
                        yield server
                        server.stdin.close()

                def ask(server, line):
                    server.stdin.write(line)
                    server.stdin.flush()
                    answer = server.stdout.readline()
                    return server.stdout.readline() if "ready" in answer else answer

                def test_one(server): assert ask(server, "a\\n")

                def test_two(server): assert ask(server, "b\\n")

                def test_unconcerned(): pass
                """,
        }
    )
    project.record()
    assert project.run().executed == set()
    users = nodes("test_m.py", "test_one", "test_two")
    project.replace("server.py", "line.upper()", "line.lower()")
    assert project.run().executed == users
    project.replace("server.py", 'return "ready"', 'return "ready!"')
    assert project.run().executed == users


def test_a_child_that_is_killed_or_ends_abruptly_loses_nothing(project: Project) -> None:
    project.write_files(
        {
            "work.py": """
                import os
                import signal

                def before(): return 1

                def killed():
                    before()
                    os.kill(os.getpid(), signal.SIGKILL)

                def gone():
                    before()
                    os._exit(7)
                """,
            "test_m.py": """
                import subprocess
                import sys

                def run(name):
                    return subprocess.run([sys.executable, "-c", f"import work; work.{name}()"])

                def test_killed(): assert run("killed").returncode == -9

                def test_gone(): assert run("gone").returncode == 7

                def test_unconcerned(): pass
                """,
        }
    )
    project.record()
    assert project.run().executed == set()
    project.replace("work.py", "return 1", "return 2")
    assert project.run().executed == nodes("test_m.py", "test_killed", "test_gone")


def test_what_a_child_writes_is_no_dependency(project: Project) -> None:
    project.write(
        "test_m.py",
        """
        import subprocess
        import sys
        from pathlib import Path

        WRITE = "open('made.txt', 'w').write('1'); print(open('made.txt').read())"

        def test_writes():
            subprocess.run([sys.executable, "-c", WRITE], check=True)
            assert Path("made.txt").read_text() == "1"
        """,
    )
    project.record()
    assert project.run().executed == set()
    project.write("made.txt", "2")
    assert project.run().executed == set()


def test_a_process_that_an_import_starts_counts_for_its_importers(project: Project) -> None:
    project.write_files(
        {
            "version.py": "def version(): return 1\n\nprint(version())",
            "m.py": """
                import subprocess
                import sys

                VERSION = subprocess.check_output([sys.executable, "version.py"])
                """,
            "test_m.py": "import m\n\ndef test_starts(): assert m.VERSION == b'1\\n'",
            "test_o.py": "def test_unconcerned(): pass",
        }
    )
    project.record()
    assert project.run().executed == set()
    project.replace("version.py", "return 1", "return 2")
    assert project.run().ended("failed") == STARTS


def test_nothing_shows_in_a_child(project: Project) -> None:
    project.write(
        "test_m.py",
        """
        import subprocess
        import sys

        def run(code, **options):
            return subprocess.run([sys.executable, *code], capture_output=True, text=True, **options)

        def test_output_and_status():
            done = run(["-X", "dev", "-W", "error", "-c", "print(1); raise SystemExit(5)"])
            assert (done.returncode, done.stdout, done.stderr) == (5, "1\\n", "")

        def test_errors():
            done = run(["-c", "1/0"])
            assert done.returncode == 1 and done.stderr.count("Traceback") == 1

        def test_a_session_that_is_over():
            done = run(["-c", "print(1)"], env={"TESTMONX_CHILDREN": "/nowhere"})
            assert (done.returncode, done.stdout, done.stderr) == (0, "1\\n", "")

        def test_the_order_of_modules_and_arguments():
            done = run(["-c", "import sys; print(sys.argv, sys.path[0] == '')", "x"])
            assert done.stdout == "['-c', 'x'] True\\n"
        """,
    )
    project.record()
    assert project.run().executed == set()


def test_the_environment_is_as_before_when_the_run_is_over(single: Project) -> None:
    single.write("test_m.py", "import os\n\ndef test_m(): assert 'TESTMONX_CHILDREN' in os.environ")
    single.write(
        "conftest.py",
        """
        import atexit
        import os
        from pathlib import Path

        def leave():
            Path("left.txt").write_text(os.environ.get("TESTMONX_CHILDREN", "nothing"))

        atexit.register(leave)
        """,
    )
    single.record()
    assert single.read("left.txt") == "nothing"


def test_a_pytest_that_a_test_starts_is_as_without_testmonx(single: Project) -> None:
    single.write("inner.py", "def test_inner(): pass\n")
    single.write(
        "test_m.py",
        """
        import subprocess
        import sys

        def test_m():
            command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "inner.py"]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "warning" not in done.stdout + done.stderr
        """,
    )
    single.record()
    assert single.run().executed == set()
