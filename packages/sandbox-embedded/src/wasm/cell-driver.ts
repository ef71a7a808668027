/** Python's side of a channel to the worker: requests and events, each a length of four bytes and JSON. */
export const channelPath = "/dev/cells";

/**
 * Runs cells one after the other, with one set of variables, as the prompt of Python does: the value of the last expression is told.
 */
export const cellDriver = `
import ast, builtins, importlib.machinery, io, json, linecache, os, sys, time, traceback, types

channel = open(${JSON.stringify(channelPath)}, "r+b", buffering=0)

def receive(size):
    data = b""
    while len(data) < size:
        piece = channel.read(size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data

def send(event):
    data = json.dumps(event).encode()
    channel.write(len(data).to_bytes(4, "little") + data)

class Said(io.TextIOBase):
    encoding = "utf-8"
    errors = "replace"

    def __init__(self, name):
        self.said = name
        self.parts = []
        self.size = 0

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        for other in (sys.stdout, sys.stderr):
            if other is not self and isinstance(other, Said) and self.size == 0:
                other.flush()
        self.parts.append(text)
        self.size += len(text)
        if "\\n" in text or self.size > 8192:
            self.flush()
        return len(text)

    def flush(self):
        if self.size > 0:
            text = "".join(self.parts)
            self.parts = []
            self.size = 0
            send({"type": self.said, "text": text})

sys.stdout = Said("stdout")
sys.stderr = Said("stderr")

def flush():
    sys.stdout.flush()
    sys.stderr.flush()

main = types.ModuleType("__main__")
sys.modules["__main__"] = main
main.__builtins__ = builtins

def forms(value):
    data = {"text/plain": repr(value)}
    html = getattr(value, "_repr_html_", None)
    if callable(html):
        text = html()
        if isinstance(text, str):
            data["text/html"] = text
    return data

def show(value):
    if value is not None:
        builtins._ = value
        data = forms(value)
        flush()
        send({"type": "result", "data": data})

def display(*values):
    for value in values:
        flush()
        send({"type": "display", "data": forms(value)})

builtins.display = display

class AsyncioFinder:
    """Gives asyncio a loop that needs neither threads nor sockets."""

    name = "asyncio.unix_events"

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        self.loader = spec.loader
        spec.loader = self
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.loader.exec_module(module)
        import selectors

        class Waiting(selectors._BaseSelectorImpl):
            def select(self, timeout=None):
                if timeout is None:
                    raise RuntimeError("Nothing would ever happen: there are no threads and no network here.")
                if timeout > 0:
                    time.sleep(timeout)
                return []

        class Loop(module._UnixSelectorEventLoop):
            def __init__(self, selector=None):
                super().__init__(Waiting())

            def _make_self_pipe(self):
                pass

            def _close_self_pipe(self):
                pass

            def _write_to_self(self):
                pass

        module.SelectorEventLoop = Loop
        module._UnixDefaultEventLoopPolicy._loop_factory = Loop

sys.meta_path.insert(0, AsyncioFinder())
loop = None

def execute(code):
    global loop
    value = eval(code, main.__dict__)
    if not code.co_flags & 0x80:  # It awaits nothing.
        return value
    import asyncio
    if loop is None:
        loop = asyncio.new_event_loop()
    return loop.run_until_complete(value)

def run(number, code):
    name = "<cell " + str(number) + ">"
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    tree = ast.parse(code, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not code.rstrip().endswith(";"):
        last = ast.Expression(tree.body.pop().value)
    execute(compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    if last is not None:
        show(execute(compile(last, name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)))

def tell(error):
    frames = error.__traceback__
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith("<cell "):
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    send({"type": "error", "name": type(error).__name__, "message": str(error), "traceback": "".join(lines)})

sys.path.insert(0, "")
send({"type": "ready"})
number = 0
while True:
    try:
        request = json.loads(receive(int.from_bytes(receive(4), "little")))
        number += 1
        failed = False
        try:
            run(number, request["code"])
            flush()
        except BaseException as error:
            failed = True
            flush()
            tell(error)
        send({"type": "end", "failed": failed})
    except KeyboardInterrupt:
        pass  # It came when nothing ran any more.
`;
