/**
 * The kernel: IPython's own shell, without a terminal and without a notebook's sockets. It reads `{"cell": n, "code": …}` and
 * `{"interrupt": n}` on its stdin, and tells what a cell says on its stdout, a line of JSON each. What child processes print comes
 * through pipes in place of descriptors 1 and 2.
 */
export const kernelDriver = String.raw`
import sys
sys.path[:] = [path for path in sys.path if path]  # A file of the workspace must not pass for a module of ours.
import base64, codecs, io, json, os, re, select, signal, threading, warnings

COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
PIECE = 65536


def run():
    requests = os.fdopen(os.dup(0), "rb")
    events = os.dup(1)
    complaints = os.dup(2)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # It leads a session.

    main = threading.main_thread()
    state = {"cell": None, "held": 0, "interrupted": False, "failed": False}
    writing = threading.Lock()
    draining = threading.RLock()

    def on_interrupt(signum, frame):
        if state["cell"] is None:
            return
        if state["held"]:
            state["interrupted"] = True
        else:
            raise KeyboardInterrupt()

    class Held:
        """An interrupt waits for the end of it."""

        def __enter__(self):
            if threading.current_thread() is main:
                state["held"] += 1

        def __exit__(self, *_):
            if threading.current_thread() is main:
                state["held"] -= 1
                if state["held"] == 0 and state["interrupted"]:
                    state["interrupted"] = False
                    if state["cell"] is not None:
                        raise KeyboardInterrupt()

    held = Held()

    def emit(event):
        line = memoryview((json.dumps(event) + "\n").encode())
        with held, writing:
            while len(line) > 0:
                line = line[os.write(events, line):]

    def emit_text(name, text):
        for start in range(0, len(text), PIECE):
            emit({"type": name, "text": text[start:start + PIECE]})

    class Pipe:
        """What child processes say."""

        def __init__(self, name, descriptor):
            self.name = name
            self.source, target = os.pipe()
            os.set_blocking(self.source, False)
            os.dup2(target, descriptor)
            os.close(target)
            self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def drain(self):
            for _ in range(256):
                try:
                    data = os.read(self.source, PIECE)
                except BlockingIOError:
                    return
                emit_text(self.name, self.decoder.decode(data))

    pipes = [Pipe("stdout", 1), Pipe("stderr", 2)]

    def drain():
        with held, draining:
            for pipe in pipes:
                pipe.drain()

    def watch_pipes():
        while True:
            select.select([pipe.source for pipe in pipes], [], [])
            drain()

    class Bytes(io.RawIOBase):
        def __init__(self, stream, descriptor):
            self.stream = stream
            self.descriptor = descriptor

        def writable(self):
            return True

        def write(self, data):
            self.stream.flush()
            return os.write(self.descriptor, data)

    class Text(io.TextIOBase):
        encoding = "utf-8"
        errors = "replace"

        def __init__(self, name, descriptor):
            self.said = name
            self.descriptor = descriptor
            self.parts = []
            self.size = 0
            self.buffer = Bytes(self, descriptor)

        def writable(self):
            return True

        def isatty(self):
            return False

        def fileno(self):
            return self.descriptor

        def write(self, text):
            if not isinstance(text, str):
                raise TypeError("write() argument must be str, not " + type(text).__name__)
            with held:
                if self.size == 0:
                    flush(self)
                self.parts.append(text)
                self.size += len(text)
            if "\n" in text or "\r" in text or self.size > 8192:
                self.flush()
            return len(text)

        def flush(self):
            with held, draining:
                if self.size > 0:
                    text = "".join(self.parts)
                    self.parts = []
                    self.size = 0
                    drain()
                    emit_text(self.said, text)

    streams = [Text("stdout", 1), Text("stderr", 2)]

    def flush(but=None):
        for stream in streams:
            if stream is not but:
                stream.flush()

    def after_fork():
        # The parent's thread reads the pipes; two must not speak on one line.
        os.close(events)
        sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)
        sys.stderr = open(2, "w", buffering=1, errors="replace", closefd=False)

    os.register_at_fork(after_in_child=after_fork)

    def texts(data):
        forms = {}
        for kind, value in data.items():
            if isinstance(value, (bytes, bytearray)):
                forms[kind] = base64.b64encode(value).decode()
            else:
                forms[kind] = value if isinstance(value, str) else json.dumps(value, default=str)
        return forms

    def emit_data(kind, data):
        flush()
        drain()
        emit({"type": kind, "data": texts(data)})

    def emit_error(name, message, traceback):
        flush()
        drain()
        state["failed"] = True
        emit({"type": "error", "name": name, "message": message, "traceback": COLORS.sub("", traceback)})

    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.profiledir import ProfileDir
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            emit_data("result", format_dict)

        def finish_displayhook(self):
            pass

    class Publisher(DisplayPublisher):
        def publish(self, data, *_, **__):
            emit_data("display", data)

        def clear_output(self, wait=False):
            pass

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)
        system = InteractiveShell.system_raw

        def _showtraceback(self, etype, evalue, stb):
            emit_error(etype.__name__, str(evalue), "\n".join(stb))

        def ask_exit(self):
            raise SystemExit()

        def enable_gui(self, gui=None):
            pass

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    shell = Shell.instance(config=config, profile_dir=ProfileDir())
    warnings.filterwarnings("ignore", message="To exit: use")
    sys.stdout, sys.stderr = streams
    sys.path.insert(0, "")

    inbox = []
    doomed = set()
    arrived = threading.Semaphore(0)

    def take_requests():
        for line in requests:
            request = json.loads(line)
            if "code" in request:
                inbox.append(request)
                arrived.release()
                continue
            doomed.add(request["interrupt"])  # It may not have begun.
            if request["interrupt"] == state["cell"]:
                try:
                    os.killpg(os.getpgrp(), signal.SIGINT)
                except OSError:
                    os.kill(os.getpid(), signal.SIGINT)
        os._exit(0)

    def start(target):
        # Signals are for the main thread: a sleep there ends only when it gets them.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=target, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def run_cell(request):
        signal.signal(signal.SIGINT, on_interrupt)
        state["failed"] = False
        state["held"] = 0
        error = None
        try:
            state["cell"] = request["cell"]
            if request["cell"] in doomed:
                raise KeyboardInterrupt()
            result = shell.run_cell(request["code"], store_history=True)
            error = result.error_before_exec or result.error_in_exec
        except KeyboardInterrupt as interrupt:
            error = interrupt
        finally:
            state["cell"] = None
            state["interrupted"] = False
        flush()
        drain()
        if error is not None and not state["failed"]:
            name = type(error).__name__
            emit_error(name, str(error), name + ": " + str(error))
        emit({"type": "end", "cell": request["cell"], "failed": error is not None})

    signal.signal(signal.SIGINT, on_interrupt)
    start(watch_pipes)
    start(take_requests)
    emit({"type": "ready"})
    while True:
        arrived.acquire()
        run_cell(inbox.pop(0))


run()
`;
