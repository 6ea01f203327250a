#!/usr/bin/env python3
"""inventory.py versioning BUCKET Enabled|Suspended
inventory.py list BUCKET                          each data version as JSON, a line each: key, version, and its bytes' SHA-256

By the lab's own S3 client, not hwdr's: what it finds gone is gone. Keys that the server cannot write in XML are left out.
"""
import concurrent.futures
import functools
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import sys

sys.dont_write_bytecode = True
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab/s3")
loader = importlib.machinery.SourceFileLoader("lab_s3", path)
s3 = importlib.util.module_from_spec(importlib.util.spec_from_loader("lab_s3", loader))
loader.exec_module(s3)
s3.settings = functools.cache(s3.settings)

command, bucket, *rest = sys.argv[1:]
if command == "versioning":
    s3.call("PUT", f"/{bucket}", {"versioning": ""},
            b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>' + rest[0].encode() + b"</Status></VersioningConfiguration>")
else:
    found = []

    def note(entry):
        key, version = entry.findtext("Key"), entry.findtext("VersionId")
        if entry.tag == "Version" and "\ufffd" not in key and not key.startswith(".hwdr/"):
            found.append((key, version))

    def told(one):
        key, version = one
        content = s3.call("GET", f"/{bucket}/{key}", {"versionId": version})
        return json.dumps([key, version, hashlib.sha256(content).hexdigest()])

    s3.listing(bucket, "", "versions", note)
    s3.settings()
    with concurrent.futures.ThreadPoolExecutor(8) as readers:
        print("\n".join(readers.map(told, found)))
