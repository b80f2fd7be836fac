# SPDX-License-Identifier: MIT
"""A debuginfod server on loopback, and programs whose debug data only it has."""
import http.server
import os
import subprocess
import threading

LIBRARY = r"""
#include <fcntl.h>
static inline __attribute__((always_inline)) int peek(const char *path)
{
	return open(path, O_RDONLY); /* line 5 */
}
__attribute__((noinline)) int reach(const char *path)
{
	int fd = peek(path); /* line 9 */
	return fd + 1;
}
"""
MAIN = r"""
extern int reach(const char *);
int main(int argc, char **argv)
{
	int all = 0;
	for (int i = 1; i < argc; i++)
		all += reach(argv[i]); /* line 7 */
	return all > 99;
}
"""


class Server:
    """What debuginfod serves; answer(handler, build_id) may do something else."""

    def __init__(self, files, answer=None):
        self.asked, server = [], self
        self.done = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                parts = self.path.split("/")
                build_id = parts[2] if len(parts) == 4 and (parts[1], parts[3]) == ("buildid", "debuginfo") else ""
                try:
                    if answer:
                        answer(self, build_id)
                    elif build_id in files:
                        reply(self, open(files[build_id], "rb").read())
                    else:
                        self.send_error(404)
                except OSError:
                    pass  # the client has had enough

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        self.http.shutdown()
        self.http.server_close()


def reply(handler, body, length=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def build_id(path):
    notes = subprocess.run(["readelf", "-n", path], check=True, capture_output=True, encoding="utf-8").stdout
    return notes.split("Build ID: ")[1].split()[0]


def build(s, flags=("-O1",)):
    """A program and a library without debug data; {build-id: file that has it}."""
    lib, main, files = f"{s.path}/libreach.so", f"{s.path}/main", {}
    cc = ["cc", "-g", "-Wl,--build-id", *flags]
    subprocess.run(cc + ["-shared", "-fPIC", "-o", lib, s.file("reach.c", LIBRARY)], check=True)
    subprocess.run(cc + ["-o", main, s.file("main.c", MAIN), lib, f"-Wl,-rpath,{s.path}"], check=True)
    for path in (lib, main):
        debug = f"{s.path}/kept/{os.path.basename(path)}"  # not where anybody looks for it
        os.makedirs(os.path.dirname(debug), exist_ok=True)
        subprocess.run(["objcopy", "--only-keep-debug", path, debug], check=True)
        subprocess.run(["strip", "--strip-all", path], check=True)
        files[build_id(path)] = debug
    return files
