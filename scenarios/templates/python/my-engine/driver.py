"""A driver: it puts a storage engine behind powercut's line protocol (docs/subject-protocol.md).

Requests come as lines of JSON on stdin, replies go to stdout. The engine here is a small append-only log; replace `Engine`
by calls to yours.
"""

import errno
import json
import os
import sys
import zlib


class Refusal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Engine:
    """One record a line: its checksum, then its bytes (base64, as they come)."""

    def __init__(self, directory):
        self.records = []
        self.failed = False
        self.descriptor = os.open(os.path.join(directory, "log"), os.O_RDWR | os.O_CREAT, 0o644)
        self.end = self.recover(os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0))
        # What a power cut tore is cut off, and what is shown from here on is durable, the file's name included.
        os.ftruncate(self.descriptor, self.end)
        os.fsync(self.descriptor)
        parent = os.open(directory, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)

    def recover(self, content):
        end = 0
        for line in content.split(b"\n")[:-1]:
            checksum, _, data = line.partition(b" ")
            if checksum != b"%08x" % zlib.crc32(data):
                break
            self.records.append(data.decode("ascii"))
            end += len(line) + 1
        return end

    def append(self, data):
        content = data.encode("ascii")
        line = b"%08x %s\n" % (zlib.crc32(content), content)
        self.guarded(lambda: self.write(line))
        self.end += len(line)
        self.records.append(data)
        return str(len(self.records))

    def write(self, line):
        """A write may do less than it was asked for, such as where the disk is nearly full: the rest is asked for again."""
        done = 0
        while done < len(line):
            done += os.pwrite(self.descriptor, line[done:], self.end + done)

    def sync(self):
        self.guarded(lambda: os.fsync(self.descriptor))

    def guarded(self, work):
        """After a failed write or fsync nobody knows what is on disk: no promise is made any more."""
        if self.failed:
            raise Refusal("failed", "an earlier write or fsync failed")
        try:
            work()
        except OSError as error:
            self.failed = True
            raise Refusal("full" if error.errno == errno.ENOSPC else "io", str(error)) from error

    def close(self):
        os.close(self.descriptor)


def write(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Driver:
    def __init__(self):
        self.engine = None

    def hello(self, request):
        return {"model": "log", "name": "my-engine", "version": "1", "features": ["reopen"]}

    def open(self, request):
        self.engine = Engine(os.environ["POWERCUT_DIR"])
        return {}

    def append(self, request):
        return {"position": self.engine.append(request["data"])}

    def appendDurable(self, request):
        position = self.engine.append(request["data"])
        self.engine.sync()
        return {"position": position}

    def sync(self, request):
        self.engine.sync()
        return {}

    def scan(self, request):
        for index, data in enumerate(self.engine.records):
            write({"id": request["id"], "item": {"position": str(index + 1), "data": data}})
        return {"count": len(self.engine.records)}

    def close(self, request):
        self.engine.close()
        self.engine = None
        return {}


OPERATIONS = ("hello", "open", "append", "appendDurable", "sync", "scan", "close")


def main():
    driver = Driver()
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"]}
        try:
            if request["op"] not in OPERATIONS:
                raise Refusal("unsupported", "no " + request["op"] + " here")
            answer.update(getattr(driver, request["op"])(request), ok=True)
        except Refusal as refusal:
            answer.update(ok=False, error={"code": refusal.code, "message": str(refusal)})
        except OSError as error:
            answer.update(ok=False, error={"code": "io", "message": str(error)})
        write(answer)


main()
