"""What an installed library keeps of the project's files: later tests are given it without reading anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from .project import Project, nodes

LIBRARY = '''
    import functools
    import pathlib


    class Shelf:
        """Keeps what it has read, by name."""

        def __init__(self, root):
            self.root = pathlib.Path(root)
            self.kept = {}

        def get(self, name, default=None):
            found = self.kept.get(name)
            if found is None:
                found = self.kept[name] = self.read(name)
            return found

        def read(self, name):
            return (self.root / name).read_text().strip()


    class Renamed(Shelf):
        """Looks for another name than it was asked for."""

        def get(self, name):
            name = name + ".txt"
            if name not in self.kept:
                self.kept[name] = self.read(name)
            return self.kept[name]


    class Server:
        """Makes itself ready when it is asked first, and keeps nothing else."""

        is_ready = None

        def __init__(self, shelf):
            self.shelf = shelf

        def answer(self, request):
            if self.is_ready is None:
                self.is_ready = object()
            return self.shelf.get(request.name)


    @functools.lru_cache
    def cached(path):
        return pathlib.Path(path).read_text().strip()


    def text(path):
        return cached(path)


    _PAGES = {}


    def page(path):
        if path not in _PAGES:
            _PAGES[path] = pathlib.Path(path).read_text().strip()
        return _PAGES[path]


    def fresh(path):
        return pathlib.Path(path).read_text().strip()
    '''

TESTS = """
    import lib


    def test_first():
        assert lib.get("a") == "one"


    def test_second():
        assert lib.get("a") + "!" == "one!"


    def test_other():
        assert lib.get("b") == "two"


    def test_other_again():
        assert lib.get("b") + "!" == "two!"
    """

ASKING = {
    "a method": "SHELF = shelf.Shelf(HERE)\ndef get(name):\n    return SHELF.get(name + '.txt')\n",
    "by another name": "SHELF = shelf.Renamed(HERE)\ndef get(name):\n    return SHELF.get(name)\n",
    "behind an object": (
        "SERVER = shelf.Server(shelf.Shelf(HERE))\n"
        "class Request:\n    def __init__(self, name):\n        self.name = name\n"
        "def get(name):\n    return SERVER.answer(Request(name + '.txt'))\n"
    ),
    "a cached function of the library's": (
        "def get(name):\n    return shelf.text(str(HERE / name) + '.txt')\n"
    ),
    "a cached function": "def get(name):\n    return shelf.cached(str(HERE / name) + '.txt')\n",
    "a function": "def get(name):\n    return shelf.page(str(HERE / name) + '.txt')\n",
    "what keeps nothing": "def get(name):\n    return shelf.fresh(str(HERE / name) + '.txt')\n",
}

BLURRED = {"by another name", "a cached function"}
"""Where it cannot be told which of the calls find what was read."""


@pytest.fixture
def shelved(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that uses a library, which is installed beside it."""
    packages = project.path.parent / f"{project.path.name}-installed" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    name = str(Path("..", packages.parent.name, packages.name, "shelf.py"))
    project.write_files({name: LIBRARY, "test_lib.py": TESTS, "a.txt": "one\n", "b.txt": "two\n"})
    return project


@pytest.mark.parametrize("way", ASKING)
def test_a_file_that_a_library_keeps(shelved: Project, way: str) -> None:
    head = "import pathlib\nimport shelf\nHERE = pathlib.Path(__file__).parent\n"
    shelved.write_bytes("lib.py", (head + ASKING[way]).encode())
    shelved.record()
    assert shelved.run().executed == set()
    shelved.write("a.txt", "ONE\n")
    ran = shelved.run()
    readers = nodes("test_lib.py", "test_first", "test_second")
    assert ran.executed >= readers
    assert ran.executed == readers or way in BLURRED
    shelved.write("a.txt", "one\n")
    assert shelved.run().executed == set()


def test_a_translation_that_gettext_keeps(shelved: Project) -> None:
    catalogue = Path("locale", "de", "LC_MESSAGES", "shop.mo")
    shelved.write_bytes(str(catalogue), _catalogue("price", "Preis"))
    shelved.write(
        "lib.py",
        """
        import gettext
        import pathlib

        LOCALE = str(pathlib.Path(__file__).parent / "locale")


        def get(word):
            return gettext.translation("shop", LOCALE, ["de"]).gettext(word)
        """,
    )
    shelved.write(
        "test_lib.py",
        """
        import lib


        def test_first():
            assert lib.get("price") == "Preis"


        def test_second():
            assert lib.get("price").lower() == "preis"


        def test_third():
            assert lib.LOCALE.endswith("locale")
        """,
    )
    shelved.record()
    shelved.write_bytes(str(catalogue), _catalogue("price", "PREIS"))
    assert shelved.run().executed == nodes("test_lib.py", "test_first", "test_second")


def _catalogue(word: str, translation: str) -> bytes:
    """A file of GNU gettext with one message (https://www.gnu.org/software/gettext/manual/, MO Files)."""
    head = 7 * 4
    place = head + 2 * 8
    numbers = (0x950412DE, 0, 1, head, head + 8, 0, place, len(word), place)
    numbers += (len(translation), place + len(word) + 1)
    texts = f"{word}\0{translation}\0".encode()
    return b"".join(number.to_bytes(4, "little") for number in numbers) + texts
