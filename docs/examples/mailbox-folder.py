#!/usr/bin/env python3
"""A mailbox for notify-smoke: raw mails in a folder (a Maildir, or a bucket that is mounted), one file each.

Prints one JSON object a line for each mail to one of the addresses that is not among the known ids, an `alive` line, and ends.
See docs/exec-mailbox.md.
"""
import argparse
import datetime
import email
import email.policy
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

known = set(options.since_ids.read_text().split("\n"))
files = [path for path in options.folder.iterdir() if path.is_file()]
for path in files:
    if path.name in known:
        continue
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    to = [address.addr_spec for address in message["to"].addresses] if message["to"] else []
    ours = [address for address in to if address in options.address]
    if not ours:
        continue
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    arrived = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
    print(json.dumps({
        "id": path.name,
        "provider_id": str(message["message-id"] or path.name),
        "kind": "email",
        "to": ours[0],
        "from": message["from"].addresses[0].addr_spec,
        "subject": str(message["subject"]),
        "body": text.get_content() if text else "",
        "html": html.get_content() if html else "",
        "arrived_at": arrived.isoformat().replace("+00:00", "Z"),
    }), flush=True)

# Last: it says that this is all there is until now.
print(json.dumps({"kind": "alive", "detail": f"{len(files)} file(s) in {options.folder.name}"}), flush=True)
