#!/usr/bin/env python3
"""A mailbox for notify-smoke: raw mails in a folder (a Maildir, or a bucket that is mounted), one file each.

Prints one JSON object a line for each mail to one of the addresses that is not among the known ids, an `alive` line, and ends.
See docs/exec-mailbox.md.
"""
import argparse
import datetime
import email
import email.policy
import email.utils
import json
import pathlib
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--folder", required=True, type=pathlib.Path)
parser.add_argument("--address", required=True, action="append", help="again for a second one")
parser.add_argument("--since-ids", required=True, type=pathlib.Path)
parser.add_argument("--fail", action="store_true", help="end with an error, to try what happens then")
options = parser.parse_args()

if options.fail:
    sys.exit(7)

ours = {address.casefold(): address for address in options.address}


def text_of(part):
    """What a part says, whatever its charset is called."""
    if part is None:
        return ""
    try:
        return part.get_content()
    except (LookupError, ValueError, KeyError):
        return (part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def addresses(message, header):
    """The plain addresses of a header; one that cannot be read names nobody."""
    try:
        return [address.addr_spec for address in message[header].addresses] if message[header] else []
    except (AttributeError, ValueError, IndexError):
        return [address for _, address in email.utils.getaddresses([str(message.get(header, ""))])]


def printed(path):
    """One mail as a line for notify-smoke, or nothing if it is somebody else's."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    to = [ours[address.casefold()] for address in addresses(message, "to") if address.casefold() in ours]
    # A mail that names no recipient came here all the same.
    if not to and addresses(message, "to"):
        return None
    arrived = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    return {
        "id": path.name,
        "provider_id": str(message["message-id"] or path.name),
        "kind": "email",
        "to": to[0] if to else "",
        "from": (addresses(message, "from") or [""])[0],
        "subject": str(message["subject"] or ""),
        "body": text_of(message.get_body(("plain",))),
        "html": text_of(message.get_body(("html",))),
        # The topmost is the receiving side's own.
        "authentication_results": str((message.get_all("authentication-results") or [""])[0]),
        "arrived_at": arrived.isoformat().replace("+00:00", "Z"),
    }


known = set(options.since_ids.read_text().split("\n"))
files = [path for path in options.folder.iterdir() if path.is_file()]
for path in files:
    if path.name in known:
        continue
    try:
        line = printed(path)
    except Exception as error:  # Any mail may come here; one that is broken must not hide the others.
        line = {"kind": "unreadable", "id": path.name, "detail": f"{type(error).__name__}: {error}"}
    if line:
        # What came in as broken bytes is no text, and could not be read at the other end.
        line = {key: value.encode("utf-8", "replace").decode("utf-8") for key, value in line.items()}
        print(json.dumps(line), flush=True)

# Last: it says that this is all there is until now.
print(json.dumps({"kind": "alive", "detail": f"{len(files)} file(s) in {options.folder.name}"}), flush=True)
