"""What fixtures of every kind run is charged to the tests that use them, and to no others."""

from __future__ import annotations

import pytest

from .project import Project, nodes

USERS = """
    def test_one(fix):
        assert fix


    def test_two(fix):
        assert fix


    class TestThree:
        def test_three(self, fix):
            assert fix

        def test_four(self, fix):
            assert fix


    def test_unconcerned():
        pass
    """
USING = nodes("test_f.py", "test_one", "test_two", "TestThree::test_three", "TestThree::test_four")


@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
def test_a_fixture_counts_for_every_test_that_uses_it(project: Project, scope: str) -> None:
    project.write_files(
        {
            "source.py": "def make():\n    return 1\n",
            "conftest.py": f"""
                import pytest

                @pytest.fixture(scope="{scope}")
                def fix():
                    import source
                    yield source.make()
                    assert "teardown"
                """,
            "test_f.py": USERS,
            "test_other.py": "def test_other(): pass\n",
        }
    )
    project.record()
    project.replace("source.py", "return 1", "return 2")
    assert project.run().executed == USING
    project.replace("conftest.py", '"teardown"', '"torn down"')
    assert project.run().executed == USING


def test_what_runs_in_a_teardown(project: Project) -> None:
    project.write_files(
        {
            "source.py": "def clean():\n    return 1\n\n\ndef finalize():\n    return 1\n",
            "test_f.py": """
                import pytest

                import source

                @pytest.fixture(scope="module")
                def shared():
                    yield 1
                    source.clean()

                @pytest.fixture
                def own(request):
                    request.addfinalizer(source.finalize)

                def test_shared(shared): pass

                def test_shared_too(shared): pass

                def test_own(own): pass

                def test_unconcerned(): pass
                """,
        }
    )
    project.record()
    project.replace("source.py", "def finalize():\n    return 1", "def finalize():\n    return 2")
    assert project.run().executed == nodes("test_f.py", "test_own")
    project.replace("source.py", "def clean():\n    return 1", "def clean():\n    return 2")
    executed = project.run().executed
    # A shared fixture is torn down after its last user; in parallel each worker has its own last.
    assert executed & nodes("test_f.py", "test_shared", "test_shared_too")


@pytest.mark.parametrize("how", ["argument", "getfixturevalue", "usefixtures"])
def test_a_chain_of_fixtures(project: Project, how: str) -> None:
    middle = {
        "argument": "def middle(base):\n    return base",
        "getfixturevalue": "def middle(request):\n    return request.getfixturevalue('base')",
        "usefixtures": "def middle():\n    return 1",
    }[how]
    mark = "@pytest.mark.usefixtures('base')\n" if how == "usefixtures" else ""
    project.write("source.py", "def make():\n    return 1\n")
    project.write(
        "conftest.py",
        f"import pytest\n\n@pytest.fixture(scope='session')\ndef base():\n"
        f"    import source\n    return source.make()\n\n@pytest.fixture\n{middle}\n",
    )
    project.write(
        "test_f.py",
        f"import pytest\n\n{mark}def test_one(middle): pass\n\n{mark}def test_two(middle): pass\n\n"
        "def test_unconcerned(): pass\n",
    )
    project.record()
    project.replace("source.py", "return 1", "return 2")
    assert project.run().executed == nodes("test_f.py", "test_one", "test_two")


def test_a_fixture_that_is_asked_for_in_the_test(project: Project) -> None:
    project.write_files(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture(scope="session")
                def fix():
                    return 1
                """,
            "test_f.py": """
                def test_one(request):
                    assert request.getfixturevalue("fix")

                def test_two(request):
                    assert request.getfixturevalue("fix")

                def test_unconcerned(request):
                    pass
                """,
        }
    )
    project.record()
    project.replace("conftest.py", "return 1", "return 2")
    assert project.run().executed == nodes("test_f.py", "test_one", "test_two")


def test_autouse(project: Project) -> None:
    project.write_files(
        {
            "a/conftest.py": """
                import pytest

                @pytest.fixture(autouse=True, scope="session")
                def everywhere():
                    return 1
                """,
            "a/test_a.py": """
                import pytest

                class TestIn:
                    @pytest.fixture(autouse=True)
                    def in_class(self):
                        self.value = 1

                    def test_in(self): pass

                def test_out(): pass
                """,
            "b/test_b.py": "def test_b(): pass\n",
        }
    )
    project.record()
    project.replace("a/test_a.py", "self.value = 1", "self.value = 2")
    assert project.run().executed == nodes("a/test_a.py", "TestIn::test_in")
    project.replace("a/conftest.py", "return 1", "return 2")
    assert project.run().executed == nodes("a/test_a.py", "TestIn::test_in", "test_out")


def test_setup_functions_in_the_style_of_xunit(project: Project) -> None:
    project.write_files(
        {
            "source.py": "".join(
                f"def {name}():\n    return '{name} 1'\n\n\n"
                for name in ("module", "function", "klass", "method", "down")
            ),
            "test_f.py": """
                import source

                def setup_module():
                    source.module()

                def setup_function():
                    source.function()

                class TestIn:
                    @classmethod
                    def setup_class(cls):
                        source.klass()

                    def setup_method(self):
                        source.method()

                    def teardown_method(self):
                        source.down()

                    def test_one(self): pass

                    def test_two(self): pass

                def test_out(): pass
                """,
        }
    )
    project.record()
    inside = nodes("test_f.py", "TestIn::test_one", "TestIn::test_two")
    outside = nodes("test_f.py", "test_out")
    for name, affected in {
        "module": inside | outside,
        "function": outside,
        "klass": inside,
        "method": inside,
        "down": inside,
    }.items():
        project.replace("source.py", f"{name} 1", f"{name} 2")
        assert project.run().executed == affected, name


def test_unittest_s_setup_functions(project: Project) -> None:
    project.write(
        "test_u.py",
        """
        import unittest

        def setUpModule():
            return "module 1"

        class One(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.what = "class 1"

            def setUp(self):
                self.what = "test 1"

            @classmethod
            def tearDownClass(cls):
                pass

            def test_one(self): pass

            def test_two(self): pass

        class Other(unittest.TestCase):
            def test_other(self): pass
        """,
    )
    project.record()
    one = nodes("test_u.py", "One::test_one", "One::test_two")
    project.replace("test_u.py", "class 1", "class 2")
    assert project.run().executed == one
    project.replace("test_u.py", "test 1", "test 2")
    assert project.run().executed == one
    project.replace("test_u.py", "module 1", "module 2")
    assert project.run().executed == one | nodes("test_u.py", "Other::test_other")


def test_parametrised_fixtures(project: Project) -> None:
    project.write_files(
        {
            "source.py": "def a():\n    return 1\n\n\ndef b():\n    return 1\n",
            "test_f.py": """
                import pytest

                import source

                @pytest.fixture(params=["a", "b"], scope="module")
                def fix(request):
                    return getattr(source, request.param)()

                def test_one(fix): pass

                def test_two(fix): pass
                """,
        }
    )
    project.record()
    project.replace("source.py", "def b():\n    return 1", "def b():\n    return 2")
    affected = nodes("test_f.py", "test_one[b]", "test_two[b]")
    executed = project.run().executed
    assert executed >= affected
    assert executed == affected
    project.replace("test_f.py", '["a", "b"]', '["a", "b", "a"]')
    assert len(project.run().executed) == 6, "other names for all"


CONFTEST = """
    import pytest

    @pytest.fixture
    def fix():
        return {value}
    """


def test_conftest_files_that_come_and_go(project: Project) -> None:
    project.write_files(
        {
            "conftest.py": CONFTEST.format(value=1),
            "a/test_a.py": "def test_a(fix): assert fix == 1\n",
            "b/test_b.py": "def test_b(fix): assert fix == 1\n",
            "a/__init__.py": "",
            "b/__init__.py": "",
        }
    )
    project.record()
    project.write("a/conftest.py", CONFTEST.format(value=2))
    ran = project.run()
    assert ran.ended("failed") == ran.executed == nodes("a/test_a.py", "test_a")
    assert "a/conftest.py" in ran.header
    project.replace("a/conftest.py", "return 2", "return 1")
    assert project.run().ended("passed") == nodes("a/test_a.py", "test_a")
    project.replace("conftest.py", "return 1", "return 3")
    ran = project.run()
    assert ran.ended("failed") == nodes("b/test_b.py", "test_b")
    project.delete("a/conftest.py")
    ran = project.run()
    assert ran.ended("failed") == nodes("a/test_a.py", "test_a") | nodes("b/test_b.py", "test_b")


def test_hooks_in_a_conftest_file(project: Project) -> None:
    project.write_files(
        {
            "a/conftest.py": """
                def pytest_generate_tests(metafunc):
                    if "number" in metafunc.fixturenames:
                        metafunc.parametrize("number", [1, 2])
                """,
            "a/test_a.py": "def test_a(number): assert number < 3\n\ndef test_b(): pass\n",
            "b/test_c.py": "def test_c(): pass\n",
        }
    )
    project.record()
    project.replace("a/conftest.py", "[1, 2]", "[1, 2, 3]")
    ran = project.run()
    assert ran.ended("failed") == nodes("a/test_a.py", "test_a[3]")
    assert "b/test_c.py::test_c" not in ran.executed


def test_a_fixture_that_fails_and_is_mended(project: Project) -> None:
    project.write_files(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture(scope="session")
                def fix():
                    assert 1 == 2
                """,
            "test_f.py": """
                def test_one(fix): pass

                def test_two(fix): pass

                def test_unconcerned(): pass
                """,
        }
    )
    ran = project.run()
    assert ran.ended("error") == nodes("test_f.py", "test_one", "test_two")
    assert project.run().ended("error") == nodes("test_f.py", "test_one", "test_two")
    project.replace("conftest.py", "1 == 2", "1 < 2")
    assert project.run().ended("passed") == nodes("test_f.py", "test_one", "test_two")
    assert project.run().executed == set()


def test_a_teardown_that_finds_what_a_test_left(single: Project) -> None:
    """The test uses the fixture, whose teardown uses the test: a circle."""
    single.write_files(
        {
            "source.py": "def text():\n    return 'a'\n",
            "test_f.py": """
                import os
                import shutil

                import pytest

                import source


                @pytest.fixture(scope="module")
                def directory():
                    os.mkdir("made")
                    yield "made"
                    assert os.listdir("made")
                    shutil.rmtree("made")


                def test_writes(directory):
                    with open(directory + "/a", "w") as file:
                        file.write(source.text())


                def test_finds(directory):
                    with open(directory + "/a") as file:
                        assert file.read()


                def test_unconcerned():
                    pass
                """,
        }
    )
    single.record()
    assert single.run().executed == set()
    single.replace("source.py", "'a'", "'b'")
    assert single.run().executed == nodes("test_f.py", "test_writes", "test_finds")


def test_a_long_row_of_tests_that_find_what_the_last_one_left(single: Project) -> None:
    single.write(
        "test_row.py",
        """
        import pytest


        @pytest.mark.parametrize("number", range(3000))
        def test_step(number):
            with open("count.txt", "a+") as file:
                file.seek(0)
                file.read()
                file.write("x")
        """,
    )
    assert single.run().status == 0
    assert single.run().executed == set()
