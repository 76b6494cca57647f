"""What counts as code that ran, and in which epoch."""

from __future__ import annotations

import pytest
from conftest import Drive

CALLS = """
    def f(): return 1
    def g(): return f()
    def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
    class C:
        def method(self): return 1
        @property
        def prop(self): return 1
        @classmethod
        def make(cls): return cls()
        @staticmethod
        def static(): return 1
        def __del__(self): pass
    anonymous = lambda: 1
    def outer():
        def inner(): return 1
        return inner
    def decorated(fn):
        def wrapper(*args): return fn(*args)
        return wrapper
    @decorated
    def wrapped(): return 1
    def local_class():
        class Local: pass
        return Local
    def generator_expression(): return sum(x for x in range(3))
"""


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("m.f()", ["f"]),
        ("m.g()", ["f", "g"]),
        ("m.fib(9)", ["fib"]),
        ("m.C.make().method()", ["C.__del__", "C.make", "C.method"]),
        ("m.C().prop", ["C.__del__", "C.prop"]),
        ("m.C.static()", ["C.static"]),
        ("m.anonymous()", ["<lambda>"]),
        ("m.outer()()", ["outer", "outer.<locals>.inner"]),
        ("m.wrapped()", ["decorated.<locals>.wrapper", "wrapped"]),
        ("m.local_class()", ["local_class", "local_class.<locals>.Local"]),
        ("list(map(m.fib, [1]))", ["fib"]),
        ("sorted([2, 1], key=m.fib)", ["fib"]),
        (
            "m.generator_expression()",
            ["generator_expression", "generator_expression.<locals>.<genexpr>"],
        ),
        ("None", []),
    ],
)
def test_code_that_runs_is_seen_in_each_epoch(
    drive: Drive, expression: str, names: list[str]
) -> None:
    drive(
        f"""
        probe.start()
        import m
        for _ in range(3):
            seen = probe.ran_during(lambda: {expression})
            assert seen == {names}, seen
        probe.stop()
        """,
        files={"m.py": CALLS},
    )


def test_code_that_ran_before_the_start_is_seen(drive: Drive) -> None:
    drive(
        """
        import m
        m.g()
        probe.start()
        assert probe.ran_during(m.g) == ["f", "g"]
        probe.stop()
        """,
        files={"m.py": CALLS},
    )


@pytest.mark.parametrize("calls", [*range(1, 30), 1000])
def test_code_that_ran_often_is_seen_in_the_next_epoch(drive: Drive, calls: int) -> None:
    drive(
        f"""
        import m
        probe.start()
        for _ in range(5):
            def often():
                for _ in range({calls}):
                    m.f()
            assert probe.ran_during(often) == ["f"]
            assert probe.ran() == []
        assert probe.ran_during(m.g) == ["f", "g"]
        probe.stop()
        """,
        files={"m.py": CALLS},
    )


GENERATORS = """
    import asyncio
    from contextlib import contextmanager

    def gen():
        try:
            for i in range(1000):
                yield i
        finally:
            cleaned()
    def delegate(): yield from gen()
    def cleaned(): pass
    def handled(): pass
    @contextmanager
    def context():
        try:
            yield
        except ValueError:
            handled()
    async def agen():
        for i in range(1000):
            yield i
    async def coro(event):
        await event.wait()
        return 1
"""


@pytest.mark.parametrize("function", ["gen", "delegate"])
@pytest.mark.parametrize("steps", [1, 50])
def test_a_generator_that_goes_on_in_a_later_epoch_is_seen_there(
    drive: Drive, function: str, steps: int
) -> None:
    names = sorted({"gen", function})
    drive(
        f"""
        import m
        probe.start()
        generator = m.{function}()  # on 3.11 this alone counts
        for _ in range(4):
            def go_on():
                for _ in range({steps}): next(generator)
            seen = probe.ran_during(go_on)
            assert seen == {names}, seen
        assert probe.ran() == []
        probe.stop()
        """,
        files={"m.py": GENERATORS},
    )


def test_a_generator_that_began_before_the_start_is_seen_when_it_goes_on(drive: Drive) -> None:
    drive(
        """
        import m
        generator = m.gen()
        next(generator)
        context = m.context()
        context.__enter__()
        probe.start()
        assert probe.ran_during(lambda: next(generator)) == ["gen"]
        assert probe.ran_during(lambda: next(generator)) == ["gen"]
        seen = probe.ran_during(lambda: context.__exit__(ValueError, ValueError(), None))
        assert seen == ["context", "handled"], seen
        probe.stop()
        """,
        files={"m.py": GENERATORS},
    )


def test_an_exception_thrown_into_a_generator_of_an_earlier_epoch_is_seen(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        context = m.context()
        assert probe.ran_during(context.__enter__) == ["context"]
        seen = probe.ran_during(lambda: context.__exit__(ValueError, ValueError(), None))
        assert seen == ["context", "handled"], seen
        probe.stop()
        """,
        files={"m.py": GENERATORS},
    )


def test_coroutines_and_asynchronous_generators_are_seen_where_they_go_on(drive: Drive) -> None:
    drive(
        """
        import asyncio, m
        async def main():
            event = asyncio.Event()
            task = asyncio.create_task(m.coro(event))
            await asyncio.sleep(0)
            assert probe.ran() == ["coro"]
            agen = m.agen()
            await anext(agen)
            assert probe.ran() == ["agen"]
            for _ in range(20): await anext(agen)
            assert probe.ran() == ["agen"]
            event.set()
            await task
            assert probe.ran() == ["coro"]
            await anext(agen)
            assert probe.ran() == ["agen"]
            await agen.aclose()
        probe.start()
        asyncio.run(main())
        probe.stop()
        """,
        files={"m.py": GENERATORS},
    )


def test_a_recursion_error_is_raised_where_it_would_be_without_the_tracer(drive: Drive) -> None:
    drive(
        """
        import m
        def reached():
            try:
                m.dive()
            except RecursionError:
                return m.depth
        before = reached()
        probe.start()
        assert reached() == before
        assert probe.ran() == ["dive"]
        probe.stop()
        """,
        files={
            "m.py": """
                depth = 0
                def dive(n=1):
                    global depth
                    depth = n
                    dive(n + 1)
            """
        },
    )


def test_what_code_returns_and_raises_is_left_alone(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        try:
            m.chained()
        except KeyError as error:
            assert isinstance(error.__context__, ValueError)
            names = []
            traceback = error.__traceback__
            while traceback:
                names.append(traceback.tb_frame.f_code.co_name)
                traceback = traceback.tb_next
            assert names == ["<module>", "chained"], names
        else:
            raise AssertionError("not raised")
        assert sys.exc_info() == (None, None, None)
        assert probe.ran() == ["chained", "raises"]
        probe.stop()
        """,
        files={
            "m.py": """
                def raises(): raise ValueError
                def chained():
                    try:
                        raises()
                    except ValueError:
                        raise KeyError
            """
        },
    )
