"""What one test leaves behind counts for the tests that find it: caches, singletons, lazily made values."""

from __future__ import annotations

import textwrap

import pytest

from .project import Project, nodes

_TWO_USERS = """
    import m


    def test_first():
        assert m.get() == 1


    def test_second():
        assert m.get() == 1


    def test_unconcerned():
        assert m.__name__ == "m"
    """


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param(
            """
            import functools


            @functools.lru_cache
            def get():
                return make()
            """,
            id="lru_cache",
        ),
        pytest.param(
            """
            _made = None


            def get():
                global _made
                if _made is None:
                    _made = make()
                return _made
            """,
            id="global",
        ),
        pytest.param(
            """
            _made = {}


            def get():
                if "x" not in _made:
                    _made["x"] = make()
                return _made["x"]
            """,
            id="module_container",
        ),
        pytest.param(
            """
            import functools


            class Holder:
                @functools.cached_property
                def value(self):
                    return make()


            HOLDER = Holder()


            def get():
                return HOLDER.value
            """,
            id="cached_property",
        ),
        pytest.param(
            """
            class Holder:
                def __init__(self):
                    self._value = None

                def value(self):
                    if self._value is None:
                        self._value = make()
                    return self._value


            HOLDER = Holder()


            def get():
                return HOLDER.value()
            """,
            id="attribute_of_a_shared_object",
        ),
        pytest.param(
            """
            class Holder:
                def __init__(self):
                    self._values = {}

                def value(self, key):
                    try:
                        return self._values[key]
                    except KeyError:
                        self._values[key] = make()
                    return self._values[key]


            HOLDER = Holder()


            def get():
                return HOLDER.value("k")
            """,
            id="container_of_a_shared_object",
        ),
        pytest.param(
            """
            class Holder:
                _instance = None

                @classmethod
                def instance(cls):
                    if cls._instance is None:
                        cls._instance = make()
                    return cls._instance


            def get():
                return Holder.instance()
            """,
            id="class_attribute",
        ),
    ],
)
def test_whoever_finds_it_depends_on_how_it_was_made(single: Project, cache: str) -> None:
    single.write_files(
        {
            "m.py": "from maker import make\n" + textwrap.dedent(cache),
            "maker.py": "def make():\n    return 1\n",
            "test_m.py": _TWO_USERS,
        }
    )
    single.record()
    single.replace("maker.py", "return 1", "return 2")
    assert single.run().executed == nodes("test_m.py", "test_first", "test_second")


def test_objects_of_one_class_are_told_apart(single: Project) -> None:
    single.write_files(
        {
            "m.py": """
                def double(x):
                    return 2 * x


                def triple(x):
                    return 3 * x


                class Lazy:
                    def __init__(self, make):
                        self.make = make
                        self._value = None

                    def value(self):
                        if self._value is None:
                            self._value = self.make(1)
                        return self._value
                """,
            "test_m.py": """
                import m


                def test_double():
                    assert m.Lazy(m.double).value() == 2


                def test_triple():
                    assert m.Lazy(m.triple).value() == 3
                """,
        }
    )
    single.record()
    single.replace("m.py", "2 * x", "x * 2 + 1")
    assert single.run().executed == nodes("test_m.py", "test_double")


@pytest.mark.parametrize("slots", ["", '__slots__ = ("_value",)'])
def test_an_object_is_shared_after_many_that_were_not(single: Project, slots: str) -> None:
    single.write_files(
        {
            "m.py": f"""
                def make():
                    return 1


                class Lazy:
                    {slots}

                    def __init__(self):
                        self._value = None

                    def value(self):
                        if self._value is None:
                            self._value = make()
                        return self._value
                """,
            "test_m.py": """
                import m

                KEPT = []


                def test_many():
                    lazies = [m.Lazy() for _ in range(500)]
                    assert sum(lazy.value() for lazy in lazies) == 500
                    KEPT.append(lazies[-1])


                def test_finds_it():
                    assert KEPT[0].value() == 1


                def test_has_its_own():
                    lazy = m.Lazy()
                    lazy._value = 1
                    assert lazy.value() == 1
                """,
        }
    )
    single.record()
    single.replace("m.py", "return 1", "return 2")
    assert single.run().executed == nodes("test_m.py", "test_many", "test_finds_it")


def test_data_read_for_a_cache(project: Project) -> None:
    project.write_files(
        {
            "data.txt": "1",
            "m.py": """
                import functools


                @functools.cache
                def get():
                    with open("data.txt") as file:
                        return int(file.read())
                """,
            "test_m.py": _TWO_USERS,
        }
    )
    project.record()
    project.write_files({"data.txt": "2"})
    assert project.run().executed == nodes("test_m.py", "test_first", "test_second")


def test_a_call_that_raises_is_followed_to_its_end_only(single: Project) -> None:
    single.write_files(
        {
            "m.py": """
                import functools


                @functools.cache
                def get():
                    raise LookupError


                def other():
                    return 1
                """,
            "test_m.py": """
                import m
                import pytest


                def test_raises():
                    with pytest.raises(LookupError):
                        m.get()
                    assert m.other()


                def test_mentions():
                    assert m.get
                """,
        }
    )
    single.record()
    single.replace("m.py", "return 1", "return 2")
    assert single.run().executed == nodes("test_m.py", "test_raises")
