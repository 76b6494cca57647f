"""What the tracer keeps alive, and what it survives."""

from __future__ import annotations

from conftest import Drive


def test_code_functions_and_modules_die_as_without_the_tracer(drive: Drive) -> None:
    drive(
        """
        import gc, importlib, weakref
        probe.start()
        import m
        for _ in range(100): m.make()()
        inner = m.make()
        code, function, module = map(weakref.ref, (inner.__code__, inner, m))
        probe.ran()
        del inner, m, sys.modules["m"]
        gc.collect()
        assert (code(), function(), module()) == (None, None, None)
        probe.stop()
        """,
        files={"m.py": "def make():\n    def inner(): pass\n    return inner\n"},
    )


def test_a_failed_import_is_not_kept_past_the_next_switch(drive: Drive) -> None:
    drive(
        """
        import gc, weakref
        probe.start()
        try: import broken
        except ValueError: pass
        probe.ran()
        gc.collect()
        assert sys.kept() is None
        probe.stop()
        """,
        files={
            "broken.py": """
                import sys, weakref
                class Kept: pass
                kept = Kept()
                sys.kept = weakref.ref(kept)
                raise ValueError
            """
        },
    )


def test_finalizers_may_run_project_code_anywhere(drive: Drive) -> None:
    drive(
        """
        import gc, m
        gc.set_threshold(1)
        probe.start()
        for i in range(300):
            m.cycle()
            try:
                __import__("broken")
            except ValueError:
                pass
            sys.modules.pop("plain", None)
            __import__("plain")
            names = set(probe.ran())
            assert "cycle" in names or i == 0 and names, names
        probe.stop()
        """,
        files={
            "m.py": """
                class Node:
                    def __del__(self):
                        helper()
                        try:
                            import plain
                        except ImportError:
                            pass  # the interpreter is shutting down
                def helper(): return [object() for _ in range(5)]
                def cycle():
                    node = Node()
                    node.me = node
            """,
            "broken.py": "import m\nkept = m.Node()\nm.cycle()\nraise ValueError\n",
            "plain.py": "import m\nm.cycle()\nkept = m.Node()\n",
        },
    )


def test_many_code_objects_made_and_dropped_by_many_threads(drive: Drive) -> None:
    drive(
        """
        import gc, os, threading
        sys.setswitchinterval(1e-5)
        path = os.path.join(probe.root, "m.py")
        with open(path) as file: source = file.read()
        probe.start()
        errors = []
        def work():
            try:
                for i in range(150):
                    namespace = {}
                    exec(compile(source, path if i % 3 else "<string>", "exec"), namespace)
                    for _ in range(i % 20): namespace["g"]()
                    if i % 5 == 0: probe.native.tick()
                    if i % 40 == 0: gc.collect()
            except BaseException as error:
                errors.append(error)
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert not errors, errors
        assert probe.fault() is None, probe.fault()
        story = probe.story()
        assert sum(line.startswith("started") for line in story) == 600
        assert sum(line.startswith("finished") for line in story) == 600
        probe.stop()
        """,
        files={
            "m.py": """
                def f(): yield 1; yield 2
                def g():
                    for _ in f(): pass
                g()
                class C:
                    def m(self): g()
                C().m()
            """
        },
    )


def test_memory_does_not_grow_with_epochs_and_dead_code(drive: Drive) -> None:
    drive(
        """
        import gc, os
        def resident():
            with open("/proc/self/statm") as statm: return int(statm.read().split()[1]) * 4096
        path = os.path.join(probe.root, "m.py")
        def round():
            for _ in range(2000):
                namespace = {}
                exec(compile("def f(): pass", path, "exec"), namespace)
                for _ in range(15): namespace["f"]()
                probe.native.tick()
            probe.story()
            gc.collect()
        probe.start()
        round()
        before = resident()
        for _ in range(5): round()
        assert resident() - before < 2_000_000, resident() - before
        probe.stop()
        """,
        files={"m.py": ""},
    )


def test_finalizers_may_run_where_an_object_is_told_apart(drive: Drive) -> None:
    drive(
        """
        import gc, m
        gc.set_threshold(1)
        probe.start()
        objects = [m.Cache() for _ in range(4)]
        for cache in objects:
            gc.disable()
            m.cycle()
            gc.enable()
            cache.memo_self()
        names = set(probe.ran())
        assert {"cycle", "Node.__del__", "helper"} <= names, names
        probe.stop()
        """,
        files={
            "m.py": """
                class Node:
                    def __del__(self): helper()
                class Cache:
                    def memo_self(self): pass
                def helper(): pass
                def cycle():
                    node = Node()
                    node.me = node
            """
        },
    )
