import functools
key = lambda x: [y for y in x if (lambda z: z)(y)]
table = {k: v for k, v in {1: (i for i in range(3))}.items()}

@functools.lru_cache(
    maxsize=(lambda: None)()
)
@(
    functools.cache
)
def outer(a=lambda: 1, *, b: (lambda: 2) = [q for q in ()]):
    class Local:
        names = {n for n in "ab"}

        def method(self):
            return lambda: (g for g in self.names)

        class Inner:
            async def __mangled(self):
                return [x async for x in self]

    def inner(c=lambda: a):
        global leaked, outer

        def leaked():
            return [(lambda: w) for w in ()]

        class leaked2:
            def m(self): return 1

        return inner

    def inner(d):
        def inner(e):
            return {e: f for f in e}
        return inner
    return Local, inner

class C(*[b for b in ()], metaclass=(lambda *a: type)()):
    @property
    def x(self):
        return 1

    @x.setter
    def x(self, value):
        def check(): return value
        self.y = check()

    f = lambda self: self

    def outer(self): return (o for o in self)

if key:
    def f(): return lambda: 1
elif table:
    async def f():
        yield lambda: 2
else:
    class f:
        def f(self): return 3

try:
    def g(): pass
except E:
    def g(): return [h for h in ()]

for _ in ():
    def C(): return 0

def __annotate__(): return [p for p in ()]
