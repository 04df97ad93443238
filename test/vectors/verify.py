#!/usr/bin/env python3
"""Verifies ciphertexts against their facts, by the words of the data contract and none of its code.

    verify.py [FOLDER]          the vectors of a folder, its own when left out
    verify.py --digest < FILE   prints the digest of a ciphertext

Needs the standard library alone, which has no AES-GCM: plaintext is looked at only where the package
`cryptography` is installed, and the last line says whether it was.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

HEADER, FRAME, TAG = 48, 65536, 16


def tree_hash(leaves):
    """RFC 9162, section 2.1.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def frames(ciphertext):
    """The frames as they are stored; the header belongs to the first."""
    first = HEADER + FRAME + TAG
    starts = range(first, len(ciphertext), FRAME + TAG)
    return [ciphertext[:first]] + [ciphertext[at : at + FRAME + TAG] for at in starts]


def digest(ciphertext):
    return "sha256:" + tree_hash(frames(ciphertext)).hex()


def text(*members):
    """A JSON array without spaces."""
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def hkdf(key, salt, info):
    """RFC 5869, for 32 bytes."""
    extracted = hmac.digest(salt, key, "sha256")
    return hmac.digest(extracted, info.encode() + b"\x01", "sha256")


def equal(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what} is {found}, not {expected}")


def bound_data(version, fixed):
    """What a ciphertext is bound to: the fixed part of its header, then where and whose it is."""
    fact, record = version["fact"], version["record"]
    network = "/".join([version["namespace"], version["network"], fact["incarnation"]])
    where = [network, version["key"], fact["index"]]
    rest = [fact["owner"], record["contentType"], record["createdAt"]]
    return fixed + text(fact["format"], *where, *rest)


def verify_fact(version, ciphertext):
    fact, record = version["fact"], version["record"]
    form = fact["format"]
    equal("the size", len(ciphertext), fact["size"])
    equal("the digest", digest(ciphertext), fact["digest"])
    equal("the policy", sha256(version["policy"].encode()), fact["policy"])
    meta = [record["tier"], record["contentType"], record["createdAt"], record["wrapped"]]
    equal("the rest of the record", sha256(text(form, *meta)), fact["meta"])
    name = text(form, fact["incarnation"], version["key"])
    named = hmac.new(bytes.fromhex(version["nameKey"]), name, "sha256")
    equal("the id", named.hexdigest(), fact["id"])


def verify_header(version, ciphertext):
    form, key = version["fact"]["format"], bytes.fromhex(version["dataKey"])
    fixed, commitment = ciphertext[:16], ciphertext[16:HEADER]
    equal("the header", fixed[:8] + fixed[15:], b"SLVG\x02\x10\x00\x00\x00")
    committing = hkdf(key, fixed, f"{form} commitment")
    expected = hmac.digest(committing, bound_data(version, fixed), "sha256")
    equal("the key commitment", commitment, expected)


def verify_plaintext(version, ciphertext, AESGCM):
    fixed = ciphertext[:16]
    bound = bound_data(version, fixed)
    key = hkdf(bytes.fromhex(version["dataKey"]), fixed, version["fact"]["format"] + " encryption")
    sealed = frames(ciphertext)
    sealed[0] = sealed[0][HEADER:]
    plaintext = b""
    for number, frame in enumerate(sealed):
        last = bytes([number == len(sealed) - 1])
        nonce = fixed[8:15] + number.to_bytes(4, "big") + last
        plaintext += AESGCM(key).decrypt(nonce, frame, bound)
    equal("the plaintext", plaintext, bytes(at % 251 for at in range(version["plaintextSize"])))


def main(folder):
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        AESGCM = None
    for tree in json.loads((folder / "tree.json").read_text("utf-8")):
        leaves = [bytes.fromhex(leaf) for leaf in tree["leaves"]]
        equal(f"the root of {len(leaves)} leaves", tree_hash(leaves).hex(), tree["root"])
    for version in json.loads((folder / "versions.json").read_text("utf-8")):
        ciphertext = base64.b64decode(version["ciphertext"])
        verify_fact(version, ciphertext)
        verify_header(version, ciphertext)
        if AESGCM:
            verify_plaintext(version, ciphertext, AESGCM)
        print(f"{version['name']}: verified")
    print("decrypted" if AESGCM else "not decrypted: there is no package cryptography")


if sys.argv[1:] == ["--digest"]:
    print(digest(sys.stdin.buffer.read()))
else:
    main(pathlib.Path(*sys.argv[1:] or [pathlib.Path(__file__).parent]))
