"""Calls that are followed to their end, because they leave something behind.

The probe's observer follows functions called `memo…`, those called `memo_self` by their object, and no
more than four calls in all; of `memo_loosely` it hears without following it.
"""

from __future__ import annotations

from conftest import Drive

FILES = {
    "m.py": """
        def helper(): return 1
        def other(): return 2
        def memo(): return helper()
        def memo_nested(): return memo() + helper()
        def memo_loosely(): return helper()
        def memo_raises(): helper(); raise LookupError
        def memo_generator():
            yield helper()
        class C:
            def memo_self(self): return helper()
        class Slots:
            __slots__ = ()
            def memo_self(self): return helper()
        class Born:
            __slots__ = ("value",)
            def __init__(self): self.value = 0
            def memo_self(self): return helper()
        """
}


def test_what_runs_under_a_call_is_told_between_its_start_and_its_end(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.memo()
        m.other()
        story = probe.story()
        assert story == [
            "ran m.py::memo at 0",
            "memo m.py::memo started",
            "ran m.py::helper at 0",
            "memo m.py::memo finished",
            "ran m.py::other at 0",
        ], story
        probe.stop()
        """,
        files=FILES,
    )


def test_what_ran_before_a_call_is_told_again_in_it_but_not_after_it(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.helper()
        m.memo()
        m.helper()
        story = probe.story()
        assert story == [
            "ran m.py::helper at 0",
            "ran m.py::memo at 0",
            "memo m.py::memo started",
            "ran m.py::helper at 0",
            "memo m.py::memo finished",
        ], story
        probe.stop()
        """,
        files=FILES,
    )


def test_calls_with_a_name_share_what_was_told(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.memo()
        m.memo()
        assert probe.story().count("ran m.py::helper at 0") == 1
        # To the next span it is news.
        probe.native.tick()
        m.memo()
        assert probe.story().count("ran m.py::helper at 0") == 1
        probe.stop()
        """,
        files=FILES,
    )


def test_calls_on_objects_do_not(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        one, other = m.C(), m.C()
        one.memo_self()
        other.memo_self()
        assert probe.story().count("ran m.py::helper at 0") == 2
        probe.stop()
        """,
        files=FILES,
    )


def test_code_that_was_switched_off_is_heard_in_a_call(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        for _ in range(1000):
            m.helper()
        m.C().memo_self()
        for _ in range(1000):
            m.helper()
        m.memo()
        story = probe.story()
        for name in ("memo_self", "memo"):
            start = next(at for at, line in enumerate(story) if f"{name} started" in line)
            assert story[start + 1] == "ran m.py::helper at 0", story
        probe.stop()
        """,
        files=FILES,
    )


def test_an_import_in_a_call_hides_nothing_from_it(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.memo_importing()
        story = probe.story()
        end = story.index("finished user.py")
        assert "ran m.py::helper at 3" in story[:end], story
        assert "ran m.py::helper at 0" in story[end:], story
        probe.stop()
        """,
        files={
            **FILES,
            "m.py": FILES["m.py"]
            + """
        def memo_importing():
            import user
            return helper()
        """,
            "user.py": "import m\n\nVALUE = m.helper()\n",
        },
    )


def test_calls_nest(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.memo_nested()
        story = [line for line in probe.story() if line.startswith("memo")]
        assert story == [
            "memo m.py::memo_nested started",
            "memo m.py::memo started",
            "memo m.py::memo finished",
            "memo m.py::memo_nested finished",
        ], story
        probe.stop()
        """,
        files=FILES,
    )


def test_an_exception_ends_a_call(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        try:
            m.memo_raises()
        except LookupError:
            pass
        m.other()
        story = probe.story()
        at = story.index("memo m.py::memo_raises finished")
        assert story[at + 1:] == ["ran m.py::other at 0"], story
        probe.stop()
        """,
        files=FILES,
    )


def test_a_generator_is_not_followed_but_told_each_time_it_goes_on(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        assert list(m.memo_generator()) == [1]
        story = probe.story()
        assert [line for line in story if line.startswith("memo")] == [
            "memo m.py::memo_generator goes on",
            "memo m.py::memo_generator goes on",
        ], story
        assert "ran m.py::memo_generator at 0" in story, story
        probe.stop()
        """,
        files=FILES,
    )


def test_the_object_of_a_coroutine_is_told_also_if_a_function_in_it_uses_it(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        kept = m.Async()
        for it in (kept, m.Async(), kept):
            try:
                it.memo_self().send(None)
            except StopIteration as stopped:
                assert stopped.value == 7
            # Else it would not be told twice of one object.
            probe.native.tick()
        objects = [line.rsplit(" ", 1)[-1] for line in probe.story() if "goes on" in line]
        assert objects[0] == objects[2] != objects[1], objects
        probe.stop()
        """,
        files={
            "m.py": """
        class Async:
            value = 7
            async def memo_self(self):
                return (lambda: self.value)()
        """
        },
    )


def test_objects_are_told_apart_also_where_the_last_one_was(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        kept = m.C()
        kept.memo_self()
        kept.memo_self()
        m.C().memo_self()
        m.C().memo_self()
        objects = probe.objects()
        assert objects[0] == objects[1], objects
        assert len(set(objects)) == 3, objects
        probe.stop()
        """,
        files=FILES,
    )


def test_an_object_without_weak_references_is_told_by_its_address(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        one, other = m.Slots(), m.Slots()
        for it in (one, other, one):
            it.memo_self()
        objects = probe.objects()
        assert objects[0] == objects[2] != objects[1], objects
        probe.stop()
        """,
        files=FILES,
    )


def test_an_object_without_weak_references_is_told_apart_by_its_birth(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        # The first one shows that births matter.
        m.Born().memo_self()
        m.Born().memo_self()
        kept = m.Born()
        kept.memo_self()
        kept.memo_self()
        objects = probe.objects()
        assert objects[2] == objects[3], objects
        assert len(set(objects)) == 3, objects
        probe.stop()
        """,
        files=FILES,
    )


def test_a_function_can_be_followed_no_longer(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        for _ in range(9):
            m.memo()
        story = probe.story()
        assert story.count("memo m.py::memo started") == 4, story
        assert story.count("memo m.py::memo finished") == 4, story
        m.other()
        assert probe.story() == ["ran m.py::other at 0"]
        probe.stop()
        """,
        files=FILES,
    )


def test_a_call_that_is_followed_loosely_opens_nothing_and_is_heard_of_again(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        for _ in range(3):
            m.memo_loosely()
        story = probe.story()
        assert story.count("memo m.py::memo_loosely met") == 3, story
        assert not any("started" in line or "finished" in line for line in story), story
        assert story.count("ran m.py::helper at 0") == 1, story
        probe.stop()
        """,
        files=FILES,
    )


def test_a_switch_ends_a_call_that_goes_on(drive: Drive) -> None:
    drive(
        """
        import m
        probe.start()
        m.helper = probe.native.tick
        m.memo()
        story = [line for line in probe.story() if line.startswith("memo")]
        assert story == ["memo m.py::memo started", "memo m.py::memo finished"], story
        probe.stop()
        """,
        files=FILES,
    )


def test_a_call_at_import_counts_for_its_line(drive: Drive) -> None:
    drive(
        """
        probe.start()
        import user
        story = [line for line in probe.story() if "helper" in line]
        assert story == ["ran m.py::helper at 3"], story
        probe.stop()
        """,
        files={**FILES, "user.py": "import m\n\nVALUE = m.memo()\n"},
    )
