"""The files settlement-*.json and complaints.json."""

from __future__ import annotations

from typing import Any

from . import canonical, kem, settlement, signature
from .blocks import digest, id_of, id_text, read_block
from .canonical import Link, Refused
from .report import Report
from .settlement import Chunk, Facts, cid_text

unhex = bytes.fromhex


def check_chunks(report: Report, file: dict[str, Any]) -> None:
    for one in file["encodings"]:
        values = [None if value is None else int(value) for value in one["values"]]
        chunk = Chunk(one["slotBytes"], values, unhex(one["quality"]), one["gapsBefore"], one["offsetMinutes"])
        report.same(one["name"], settlement.write_chunk(chunk).hex(), one["bytes"])
        report.also(f"{one['name']}: read as another chunk", settlement.read_chunk(unhex(one["bytes"])) == chunk)
    for one in file["refused"]:
        report.refuse(one["name"], lambda: settlement.read_chunk(unhex(one["bytes"])))


def check_delivery(report: Report, file: dict[str, Any]) -> None:
    def same(name: str, ours: bytes) -> None:
        report.same(name, ours.hex(), file[name])

    document_bytes, trade = unhex(file["document"]), unhex(file["tradeId"])
    document = settlement.read_document(document_bytes)
    report.same("asset", settlement.asset_of(document_bytes), file["asset"])
    same("dataRoot", document.data_root)
    content_key = unhex(file["contentKey"])
    leaves: list[bytes] = []
    data_leaves: list[bytes] = []
    blocks: list[Link] = []
    for index, one in enumerate(file["chunks"]):
        data = unhex(one["chunk"])
        chunk = settlement.read_chunk(data)
        report.same(f"chunk {index}, intervals", len(chunk.values), document.first(index + 1) - document.first(index))
        salt = settlement.salt(unhex(file["saltSeed"]), index)
        header, body = data[: settlement.HEADER], settlement.body_digest(index, salt, data[settlement.HEADER :])
        data_leaf = settlement.data_leaf(index, header, body)
        key = settlement.chunk_key(content_key, index)
        commitment = settlement.commitment(index, key)
        additional = settlement.sealing_data(trade, index, document.chunks)
        sealed = kem.seal_aead(key, bytes(12), additional, salt + data)
        ours = {
            "salt": salt,
            "header": header,
            "bodyDigest": body,
            "dataLeaf": data_leaf,
            "key": key,
            "keyCommitment": commitment,
            "sealed": sealed,
        }
        for name, value in ours.items():
            report.same(f"chunk {index}, {name}", value.hex(), one[name])
        report.same(f"chunk {index}, cid", cid_text(settlement.raw_cid(sealed)), one["cid"])

        def judge(changed: bytes) -> bytes:
            return kem.open_aead(key, bytes(12), additional, changed)

        report.accept(f"chunk {index}, opened", lambda: judge(sealed) == salt + data)
        report.refuse_changes(f"chunk {index}", sealed, judge, every=7, values="one")
        leaves.append(digest(sealed) + data_leaf + commitment)
        data_leaves.append(data_leaf)
        blocks.append(Link(settlement.raw_cid(sealed)))
    same("dataRoot", settlement.tree_hash(data_leaves))
    root = settlement.tree_hash(leaves)
    same("settlementRoot", root)
    commitments = b"".join(leaf[32:] for leaf in leaves)
    manifest = canonical.encode({"v": 1, "trade": trade, "blocks": blocks, "commitments": commitments})
    same("manifest", manifest)
    report.same("manifestCid", id_text(id_of(manifest)), file["manifestCid"])
    secret, public, wrapped = (unhex(file[name]) for name in ("recipientSecret", "recipientKey", "wrappedKey"))
    same("recipientKey", kem.xwing_public(secret))
    info = settlement.wrap_info(trade)
    same("wrappedKey", kem.hpke_seal(public, unhex(file["randomness"]), info, root, content_key))
    same("contentKey", kem.hpke_open(secret, info, root, wrapped))

    def opened(changed: bytes) -> bytes:
        return kem.hpke_open(secret, info, root, changed)

    report.refuse_changes("wrappedKey", wrapped, opened, every=5, values="one")
    _check_answer(report, document, file["chunks"])


def _check_answer(report: Report, document: settlement.Document, chunks: list[dict[str, Any]]) -> None:
    """An answer to a spot check of both chunks; its bytes are made here, by the page."""
    hashes = [settlement.leaf_hash(unhex(one["dataLeaf"])) for one in chunks]
    entries = [
        {"index": index, "salt": unhex(one["salt"]), "chunk": unhex(one["chunk"]), "path": [hashes[1 - index]]}
        for index, one in enumerate(chunks)
    ]

    def fits(answer: bytes) -> bool:
        return settlement.spot_check_fits(document, answer, [0, 1])

    answer = canonical.encode(entries)
    report.also("an answer to a spot check is refused", fits(answer))
    report.also("an answer in another order is accepted", not fits(canonical.encode(entries[::-1])))
    report.refuse_changes("an answer to a spot check", answer, fits, every=101, values="one")


def check_proofs(report: Report, file: list[dict[str, Any]]) -> None:
    for one in file:
        names = ("tradeId", "recipientKey", "document", "settlementRoot", "wrappedKey", "seller", "buyer", "proof")
        trade, public, document, root, wrapped, seller, buyer, proof = (unhex(one[name]) for name in names)
        facts = Facts(trade, one["asset"], seller, buyer, one["suite"], public, document, root, wrapped)
        (report.accept if one["guilty"] else report.refuse)(one["name"], lambda: settlement.guilty(proof, facts))
        report.also(f"{one['name']}: of another kind", settlement.proof_kind(proof) == one["kind"])
        long = len(proof) > 1_000
        every, values = (11, "one") if long else (1, "bits")
        report.refuse_changes(one["name"], proof, lambda changed: settlement.guilty(changed, facts), every, values)


def check_complaints(report: Report, file: dict[str, Any]) -> None:
    for place, one in enumerate(file["falseComplaints"]):
        data = unhex(one["proof"])
        (report.accept if one["guilty"] else report.refuse)(one["name"], lambda: settlement.buyer_guilty(data))
        value = canonical.decode(data)
        try:
            complaint = settlement.read_complaint(value["hold"], value["complaint"])
            facts = complaint.facts
            message = settlement.complaint_message(facts, complaint.proof)
            ours = facts.trade.hex(), facts.wrapped_key.hex()
            if signature.verified(facts.buyer, message, complaint.signature):
                theirs = one["tradeId"], one["wrappedKey"], one["signed"]
                report.same(f"{one['name']}, what is signed", (*ours, message.hex()), theirs)
            else:
                report.also(f"{one['name']}: guilty, and it does not verify", not one["guilty"])
        except Refused:
            if one["guilty"]:
                report.differences.append(f"{one['name']}: the blocks do not fit")
        if one["guilty"]:
            report.refuse_changes(one["name"], data, settlement.buyer_guilty, every=1 if place == 0 else 5, values="one")
    _check_seals(report, file["seals"])


def _check_seals(report: Report, seals: dict[str, Any]) -> None:
    witness, buyer, seller = (unhex(seals[name]["key"]) for name in ("witness", "buyer", "seller"))
    for name in ("witness", "buyer", "seller"):
        report.same(name, signature.public_key(unhex(seals[name]["secretKey"])).hex(), seals[name]["key"])
    hold = read_block(unhex(seals["hold"]["bytes"]))
    report.same("hold", (id_text(hold.id), hold.id.cid.hex()), (seals["hold"]["id"], seals["hold"]["idBytes"]))
    key, request = seals["sealingKey"], seals["request"]
    announced = b"edmp/sealing-key/v1" + unhex(key["publicKey"])
    asked = b"edmp/kept-complaint/v1" + witness + digest(hold.id.cid) + digest(unhex(request["recipient"]))
    for name, signer, message, one in (("witness", witness, announced, key), ("seller", seller, asked, request)):
        report.same(f"what the {name} signs", message.hex(), one["signed"])
        made = signature.sign(unhex(seals[name]["secretKey"]), message)
        report.same(f"the {name}'s signature", made.hex(), one["signature"])
        report.refuse_changes(
            f"the {name}'s signature", made, lambda changed: signature.verified(signer, message, changed), values="bits"
        )
    whole = {
        "complaint": (b"edmp/complaint-seal/v1" + witness + buyer, digest(hold.bytes)),
        "kept complaint": (b"edmp/kept-complaint-seal/v1" + witness + seller, hold.id.cid),
    }
    for one in seals["sealed"]:
        info, additional = whole[one["name"]]
        secret, public, plain, sealed = (unhex(one[name]) for name in ("secretKey", "publicKey", "plain", "sealed"))
        report.same(f"{one['name']}, info and AAD", (info.hex(), additional.hex()), (one["info"], one["aad"]))
        report.same(f"{one['name']}, its key", kem.xwing_public(secret), public)
        report.same(one["name"], kem.hpke_seal(public, unhex(one["randomness"]), info, additional, plain), sealed)
        report.same(f"{one['name']}, opened", kem.hpke_open(secret, info, additional, sealed), plain)
        report.refuse_changes(
            one["name"], sealed, lambda changed: kem.hpke_open(secret, info, additional, changed), every=29, values="one"
        )
        value = canonical.decode(plain)
        if one["name"] == "complaint":
            report.accept("the sealed complaint", lambda: bool(settlement.read_complaint(hold.bytes, value)))
        else:
            report.accept("the kept complaint", lambda: bool(canonical.fields(value, "proof signature")))


def check_draws(report: Report) -> None:
    """No file has draws: only what the rule says of every draw."""
    indices = settlement.drawn(digest(b"seed"), 9_900, 16)
    report.accept("a draw", lambda: len(set(indices)) == 16 and indices == sorted(indices) and indices[-1] < 9_900)
    report.refuse("a draw of another seed", lambda: settlement.drawn(digest(b"other"), 9_900, 16) == indices)


