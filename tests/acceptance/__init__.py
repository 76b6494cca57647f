"""What testmonx promises its users, shown on small projects that pytest runs in a process of its own."""
