"""Health of a container: asks the process in it whether it is ready.

python http_probe.py PORT [PATH]

Prints the answer, which `docker inspect` keeps, and exits with 0 when it is 200, with 1 otherwise.
"""

import http.client
import sys

TIMEOUT_S = 4.0


def main(port: int, path: str = "/readyz") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(1000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"no answer on port {port}: {error}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(f"{answer.status} {body}\n")
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:3]))
