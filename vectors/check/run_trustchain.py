"""The files trustchain-*.json, and the strictness of signatures."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import cbor2

from . import canonical, pairs, signature
from .blocks import block_id, id_text, message, read_block, read_core
from .canonical import Refused
from .proofs import read_proof
from .report import Report

unhex = bytes.fromhex


def _text(link: canonical.Link | None) -> str | None:
    return None if link is None else id_text(link)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def check_blocks(report: Report, file: dict[str, Any]) -> None:
    for place, one in enumerate(file["blocks"]):
        name, data, seed = one["name"], unhex(one["bytes"]), unhex(one["secretKey"])
        try:
            block = read_block(data)
        except Refused as error:
            report.differences.append(f"{name}: refused ({error})")
            continue
        core = {
            "v": 1,
            "tx": canonical.decode(unhex(one["txBytes"])),
            "key": signature.public_key(seed),
            "seq": one["seq"],
            "link": block.link,
            "peer": None if one["peer"] is None else unhex(one["peer"]),
            "prev": block.prev,
            "time": one["time"],
            "type": one["type"],
        }
        made = canonical.encode(core)
        signed = signature.sign(seed, message(made))
        ours = {
            "key": block.key.hex(),
            "prev": _text(block.prev),
            "link": _text(block.link),
            "core": made.hex(),
            "id": _text(block.id),
            "signed": message(made).hex(),
            "signature": signed.hex(),
            "bytes": canonical.encode([core, signed]).hex(),
        }
        report.same(name, ours, {field: one[field] for field in ours})
        report.also(f"{name}: cbor2 reads another value", cbor2.loads(block.core) == _as_cbor2(canonical.decode(block.core)))
        report.refuse_changes(name, data, read_block, values="all" if place == 0 else "bits")
    for one in file["refused"]:
        report.refuse(one["name"], lambda: read_block(unhex(one["bytes"])))
        if one["code"] not in ("ERR_BLOCK_SIGNATURE", "ERR_BLOCK_TRAILING_BYTES"):
            # Refused for what it says, not for its signature, which fits nothing any more.
            report.also(f"{one['name']}: its core is accepted", not _core_reads(unhex(one["bytes"])[1:-66]))


def _core_reads(core: bytes) -> bool:
    try:
        read_core(core)
    except Refused:
        return False
    return True


def _as_cbor2(value: Any) -> Any:
    """Our value as the cbor2 package gives it."""
    if isinstance(value, canonical.Link):
        return cbor2.CBORTag(42, b"\x00" + value.cid)
    if isinstance(value, list):
        return [_as_cbor2(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_cbor2(one) for key, one in value.items()}
    return value


def check_pairs(report: Report, file: dict[str, Any]) -> None:
    proposal = read_block(unhex(file["proposal"]))
    report.same("deadline", pairs.deadline_of(proposal), file["deadline"])
    for case in file["cases"]:
        answers = [read_block(unhex(one)) for one in case["answers"]]
        state, counted = pairs.state(proposal, answers, case["now"])
        report.same(case["name"], (state, _text(counted)), (case["state"], case["counted"]))
        for order in permutations(answers + answers):
            again = pairs.state(proposal, list(order), case["now"])
            report.also(f"{case['name']}: {again[0]} in another order", again == (state, counted))


def check_proofs(report: Report, file: dict[str, Any]) -> None:
    def number(block: Any) -> object:
        return block.tx.get("n") if isinstance(block.tx, dict) else None

    rules = {"example/spend": number, "example/transfer": number}
    for one in file["proofs"]:
        data = unhex(one["bytes"])

        def reads() -> tuple[str, str, str]:
            proof = read_proof(data, rules)
            return proof.kind, proof.author.hex(), id_text(proof.id)

        try:
            report.same(one["kind"], reads(), (one["kind"], one["author"], one["id"]))
        except Refused as error:
            report.differences.append(f"{one['kind']}: refused ({error})")
        report.refuse_changes(one["kind"], data, lambda changed: read_proof(changed, rules), values="bits")
        value = canonical.decode(data)
        turned = canonical.encode({**value, "blocks": value["blocks"][:-2] + value["blocks"][:-3:-1]})
        if one["kind"] != "hash-link":
            report.refuse(f"{one['kind']}, the other order", lambda: read_proof(turned, rules))
        if one["kind"] == "slot":
            report.refuse("slot, without the rules", lambda: read_proof(data, {}))


def check_checkpoints(report: Report, file: dict[str, Any]) -> None:
    chain = [read_block(unhex(one)) for one in file["chain"]]
    for before, block in zip(chain, chain[1:]):
        report.same(f"position {block.seq}", block.prev, before.id)
    digest, start = bytes(32), 1
    for name in ("first", "second"):
        expected = file[name]
        to = expected["to"]
        digest = pairs.checkpoint_digest(digest, [one for one in chain if start <= one.seq < to][::-1])
        report.same(name, (id_text(chain[to - 1].id), digest.hex()), (expected["id"], expected["digest"]))
        if name == "first":
            carried = pairs.read_checkpoint(read_block(unhex(file["block"])))
            report.same("block", carried, [(chain[0].key, to, block_id(chain[to - 1].id), digest)])
        start = to
    report.refuse_changes("block", unhex(file["block"]), read_block, values="bits")


def check_signatures(report: Report) -> None:
    """What no file has: signatures that only a lenient verifier takes, made here."""
    scalar, nonce, text = 0x1234567890ABCDEF, 0xFEDCBA0987654321, b"edmp"
    base, torsion = signature.BASE, signature.point(signature.SMALL_ORDER[1])
    assert base is not None and torsion is not None

    def made(key: signature.Point, first: signature.Point, shift: int = 0) -> tuple[bytes, bytes]:
        public, point = signature.encoded(key), signature.encoded(first)
        value = (nonce + signature.challenge(point, public, text) * scalar) % signature.L
        return public, point + (value + shift).to_bytes(32, "little")

    def judged(key_and_signature: tuple[bytes, bytes]) -> bool:
        return signature.verified(key_and_signature[0], text, key_and_signature[1])

    key, first = signature.times(scalar, base), signature.times(nonce, base)
    report.accept("made by hand", lambda: judged(made(key, first)))
    report.refuse("S + L", lambda: judged(made(key, first, signature.L)))
    report.refuse("R of mixed order", lambda: judged(made(key, signature.add(first, torsion))))
    mixed = signature.add(key, torsion)
    nonces = range(nonce, nonce + 64)
    fits = [one for one in nonces if _challenge_of(one, mixed, text) % 8 == 0]
    other = [one for one in nonces if _challenge_of(one, mixed, text) % 8]
    for one, expected in ((fits[0], True), (other[0], False)):
        public, point = signature.encoded(mixed), signature.encoded(signature.times(one, base))
        value = (one + signature.challenge(point, public, text) * scalar) % signature.L
        whole = public, point + value.to_bytes(32, "little")
        (report.accept if expected else report.refuse)(f"a key of mixed order, {expected}", lambda: judged(whole))
    for small in signature.SMALL_ORDER:
        report.refuse("a key of small order", lambda: judged((small, signature.SMALL_ORDER[0] + bytes(32))))
    one_more = (signature.P + 1).to_bytes(32, "little")
    report.refuse("a key that is not canonical", lambda: judged((one_more, signature.SMALL_ORDER[0] + bytes(32))))


def _challenge_of(nonce: int, key: signature.Point, text: bytes) -> int:
    assert signature.BASE is not None
    point = signature.encoded(signature.times(nonce, signature.BASE))
    return signature.challenge(point, signature.encoded(key), text)
