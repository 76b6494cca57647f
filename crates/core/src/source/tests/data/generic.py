type Alias = list[(lambda: int)()]
type Pair[T: (int, [t for t in ()])] = tuple[T, (lambda: T)]

def f[T: (lambda: int)(), *Ts, **P](a: T = lambda: 1) -> list[T]:
    type Local[U] = dict[U, T]
    def g[T](x: T): return lambda: x
    class K[V: int](list[V]):
        type In = V
        def m[W: (
            list[int]
        )](self: W): return (j for j in self)
    return g

@f
class C[T: int](f[T], key=lambda: T):
    x: T = (lambda: [y for y in ()])()
    def m(self, a: T = lambda: 2): return lambda: 3
    def T(self): return 4
