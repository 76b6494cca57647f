"""The own test suites of published projects, ready to be run: for tests/real, the demo and the benchmark.

``catalogue`` knows which there are, ``sdist`` fetches and unpacks one, ``venvs`` makes the venv that it
runs in, and ``session`` runs pytest there and says what happened.
"""
