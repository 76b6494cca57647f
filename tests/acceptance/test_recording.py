"""What a test is charged with: the functions that ran for it and what their modules are made of."""

from __future__ import annotations

import pytest

from .project import Project, nodes

ARITHMETIC = {
    "arithmetic.py": """
        def add(x, y):
            return x + y


        def subtract(x, y):
            return x - y
        """,
    "test_arithmetic.py": """
        import arithmetic


        def test_add():
            assert arithmetic.add(2, 1) == 3


        def test_subtract():
            assert arithmetic.subtract(2, 1) == 1
        """,
    "test_other.py": "def test_other(): pass\n",
}


@pytest.mark.parametrize(
    ("edit", "affected"), [(("x + y", "y + x"), "test_add"), (("x - y", "-y + x"), "test_subtract")]
)
def test_a_function_affects_its_callers_and_not_its_neighbours(
    project: Project, edit: tuple[str, str], affected: str
) -> None:
    project.write_files(ARITHMETIC)
    project.record()
    project.replace("arithmetic.py", *edit)
    ran = project.run()
    assert ran.executed == nodes("test_arithmetic.py", affected)
    assert ran.deselected == 2
    assert project.run().executed == set()


def test_the_layout_of_a_source_affects_nobody(project: Project) -> None:
    project.write_files(ARITHMETIC)
    project.record()
    project.write(
        "arithmetic.py",
        '''
        # Commented,


        def add(x, y):
            """Documented."""

            return (x + y)  # and laid out.
        def subtract(x,
                     y):
            return x - y
        ''',
    )
    project.replace("test_arithmetic.py", "def test_add", "# Moved down.\n\ndef test_add")
    assert project.run().executed == set()


def test_a_test_file_counts_by_function_too(project: Project) -> None:
    project.write(
        "test_m.py",
        """
        def double(x):
            return 2 * x


        def test_one():
            assert 1 == 1


        def test_two():
            assert double(1) == 2


        class TestThree:
            def test_three(self):
                assert 3 == 3

            def test_four(self):
                assert double(2) == 4
        """,
    )
    project.record()
    project.replace("test_m.py", "1 == 1", "1 < 2")
    assert project.run().executed == nodes("test_m.py", "test_one")
    project.replace("test_m.py", "3 == 3", "3 < 4")
    assert project.run().executed == nodes("test_m.py", "TestThree::test_three")
    project.replace("test_m.py", "2 * x", "x * 2")
    assert project.run().executed == nodes("test_m.py", "test_two", "TestThree::test_four")


def test_a_nested_function_counts_by_itself(project: Project) -> None:
    project.write_files(
        {
            "m.py": """
                def outer():
                    def inner():
                        return 1
                    return inner
                """,
            "test_m.py": """
                import m


                def test_makes_it():
                    assert m.outer()


                def test_calls_it():
                    assert m.outer()()
                """,
        }
    )
    project.record()
    project.replace("m.py", "return 1", "return 2")
    assert project.run().executed == nodes("test_m.py", "test_calls_it")
    project.replace("m.py", "return inner", "return (lambda: inner())")
    assert project.run().executed == nodes("test_m.py", "test_makes_it", "test_calls_it")


@pytest.mark.parametrize(
    "body",
    [
        "return (lambda: 1 + x)()",
        "return [1 + y for y in [x]][0]",
        "return {1 + y for y in [x]}.pop()",
        "return next(1 + y for y in [x])",
        "return list({1 + y: y for y in [x]})[0]",
        "return list(map(lambda y: 1 + y, [x]))[0]",
    ],
)
def test_nameless_code_counts_with_the_function_that_it_stands_in(
    single: Project, body: str
) -> None:
    single.write("m.py", f"def f(x):\n    {body}\n\n\ndef g(x):\n    return x\n")
    single.write(
        "test_m.py", "import m\n\ndef test_f(): assert m.f(1)\n\ndef test_g(): assert m.g(1)\n"
    )
    single.record()
    single.replace("m.py", "1 + ", "2 + ")
    assert single.run().executed == nodes("test_m.py", "test_f")


def test_a_generator_that_a_later_test_resumes(project: Project) -> None:
    project.write_files(
        {
            "m.py": """
                def count():
                    while True:
                        yield 1


                COUNTER = count()
                """,
            "test_m.py": """
                import m


                def test_first():
                    assert next(m.COUNTER)


                def test_second():
                    assert next(m.COUNTER)


                def test_unconcerned():
                    assert m
                """,
        }
    )
    project.record()
    project.replace("m.py", "yield 1", "yield 2")
    assert project.run().executed == nodes("test_m.py", "test_first", "test_second")


def test_a_coroutine_that_a_later_test_resumes(project: Project) -> None:
    project.write_files(
        {
            "m.py": """
                import types


                @types.coroutine
                def pause():
                    yield


                async def work():
                    for _ in range(9):
                        await pause()


                WORK = work()
                """,
            "test_m.py": """
                import m


                def test_first():
                    m.WORK.send(None)


                def test_second():
                    m.WORK.send(None)


                def test_unconcerned():
                    assert m
                """,
        }
    )
    project.record()
    project.replace("m.py", "range(9)", "range(8)")
    assert project.run().executed == nodes("test_m.py", "test_first", "test_second")


def test_what_runs_in_threads(project: Project) -> None:
    project.write_files(
        {
            "m.py": """
                def in_thread(found):
                    found.append(1)


                def in_pool():
                    return 1


                def nowhere():
                    return 1
                """,
            "test_m.py": """
                import threading
                from concurrent.futures import ThreadPoolExecutor

                import m


                def test_thread():
                    found = []
                    thread = threading.Thread(target=m.in_thread, args=(found,))
                    thread.start()
                    thread.join()
                    assert found


                def test_pool():
                    with ThreadPoolExecutor(2) as pool:
                        assert pool.submit(m.in_pool).result()
                """,
        }
    )
    project.record()
    project.replace("m.py", "append(1)", "append(2)")
    assert project.run().executed == nodes("test_m.py", "test_thread")
    project.replace("m.py", "def in_pool():\n    return 1", "def in_pool():\n    return 2")
    assert project.run().executed == nodes("test_m.py", "test_pool")
    project.replace("m.py", "def nowhere():\n    return 1", "def nowhere():\n    return 2")
    assert project.run().executed == set()


def test_methods_of_classes_and_their_bases(project: Project) -> None:
    project.write_files(
        {
            "base.py": """
                class Base:
                    def greet(self):
                        return "hello"

                    @property
                    def name(self):
                        return "base"
                """,
            "m.py": """
                from base import Base


                class Child(Base):
                    def other(self):
                        return 0

                    @staticmethod
                    def made():
                        return Child()
                """,
            "test_m.py": """
                import m


                def test_greet():
                    assert m.Child().greet()


                def test_name():
                    assert m.Child().name


                def test_made():
                    assert m.Child.made()
                """,
        }
    )
    project.record()
    project.replace("base.py", '"hello"', '"hi"')
    assert project.run().executed == nodes("test_m.py", "test_greet")
    project.replace("base.py", '"base"', '"basis"')
    assert project.run().executed == nodes("test_m.py", "test_name")
    project.replace("m.py", "return Child()", "return type(Child())()")
    assert project.run().executed == nodes("test_m.py", "test_made")
    project.replace(
        "m.py", "    def other", '    def greet(self):\n        return ""\n\n    def other'
    )
    ran = project.run()
    assert ran.ended("failed") == nodes("test_m.py", "test_greet")


def test_a_method_that_python_calls_by_itself(single: Project) -> None:
    single.write_files(
        {
            "m.py": """
                class Box:
                    def __getattr__(self, name):
                        return name

                    def __len__(self):
                        return 1
                """,
            "test_m.py": """
                import m


                def test_attribute():
                    assert m.Box().something


                def test_length():
                    assert len(m.Box())
                """,
        }
    )
    single.record()
    single.replace("m.py", "return name", "return name + name")
    assert single.run().executed == nodes("test_m.py", "test_attribute")
    single.replace("m.py", "return 1", "return 2")
    assert single.run().executed == nodes("test_m.py", "test_length")


def test_a_function_that_a_test_replaces_does_not_count(single: Project) -> None:
    single.write_files(
        {
            "m.py": "def get():\n    return 1\n\n\ndef use():\n    return get()\n",
            "test_m.py": """
                import m


                def test_patched(monkeypatch):
                    monkeypatch.setattr(m, "get", lambda: 5)
                    assert m.use() == 5


                def test_unpatched():
                    assert m.use()
                """,
        }
    )
    single.record()
    single.replace("m.py", "return 1", "return 2")
    assert single.run().executed == nodes("test_m.py", "test_unpatched")
